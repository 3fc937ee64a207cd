import { join } from 'node:path'

import type { Clock } from '../../base/clock.ts'
import { StateDatabase } from '../state-database.ts'

const SCHEMA = `
  CREATE TABLE domains (
    name TEXT PRIMARY KEY,
    quota INTEGER
  ) STRICT;
  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    domain TEXT NOT NULL REFERENCES domains (name),
    hash BLOB NOT NULL,
    append_only INTEGER NOT NULL,
    created INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE aliases (
    domain TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (domain, sha256, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX aliases_by_name ON aliases (domain, kind, id);
  CREATE TABLE backups (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    domain TEXT NOT NULL,
    instance TEXT NOT NULL,
    hash TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (domain, instance, hash)
  ) STRICT;
  CREATE TABLE needs (
    domain TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    backup INTEGER NOT NULL REFERENCES backups (number) ON DELETE CASCADE,
    PRIMARY KEY (domain, sha256, backup)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX needs_by_backup ON needs (backup);
`

/** What a server knows beside the objects: who may enter, what else objects are called, which backups there are. */
export type Registry = StateDatabase

export interface RegistryOptions {
  /** The folder of the server. */
  readonly store: string
  readonly clock: Clock
  /** Told that the registry was damaged, and where it lies now; a new, empty one took its place: nobody may enter. */
  readonly onDamaged: (movedTo: string, why: string) => void
}

/**
 * Opens the registry in a server's folder, or makes it. Several processes may have it open.
 *
 * @throws {StorageError} STORE_FULL, STORE_FAILED, STORE_READ_ONLY; UNSUPPORTED_VERSION: a later version wrote it.
 */
export function openRegistry({ store, clock, onDamaged }: RegistryOptions): Registry {
  return StateDatabase.open({ path: join(store, 'dunesea.sqlite'), migrations: [SCHEMA], clock, onDamaged })
}
