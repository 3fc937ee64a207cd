import { CATEGORIES, NOTIFICATION_STATES, PRIORITIES } from './notification.ts'

/** Numbers beyond this would not be read back as they were written. */
const WHOLE = '9007199254740991'
const TIME = `BETWEEN 0 AND ${WHOLE}`

function oneOf(words: readonly string[]): string {
  return `IN (${words.map((word) => `'${word}'`).join(', ')})`
}

/** The tables of notifications; the n-th script takes a database from version n to n + 1. */
export const NOTIFICATION_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND ${WHOLE}),
    instance TEXT NOT NULL,
    key TEXT NOT NULL,
    category TEXT NOT NULL CHECK (category ${oneOf(CATEGORIES)}),
    priority TEXT NOT NULL CHECK (priority ${oneOf(PRIORITIES)}),
    plan TEXT,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state ${oneOf(NOTIFICATION_STATES)}),
    raised_ms INTEGER NOT NULL CHECK (raised_ms ${TIME}),
    last_ms INTEGER NOT NULL CHECK (last_ms ${TIME}),
    count INTEGER NOT NULL CHECK (count BETWEEN 1 AND ${WHOLE}),
    resolved_ms INTEGER CHECK (resolved_ms ${TIME}),
    CHECK ((state = 'resolved') = (resolved_ms IS NOT NULL))
  ) STRICT;
  CREATE UNIQUE INDEX notification_holding ON notification (instance, key) WHERE state != 'resolved';
  CREATE INDEX notification_of_instance ON notification (instance, id);

  CREATE TABLE delivery (
    notification INTEGER NOT NULL REFERENCES notification (id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    instance TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures ${TIME}),
    due_ms INTEGER NOT NULL CHECK (due_ms ${TIME}),
    PRIMARY KEY (notification, channel)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX delivery_due ON delivery (instance, due_ms);
  `,
]
