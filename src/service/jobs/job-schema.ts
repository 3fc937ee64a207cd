/** Numbers beyond this would not be read back as they were written. */
const WHOLE = '9007199254740991'
const TIME = `BETWEEN 0 AND ${WHOLE}`

/**
 * The tables of jobs. Each constraint is what a reader of a row relies on: a file that breaks one is put aside when it is
 * opened. The n-th script takes a database from version n to n + 1.
 */
export const JOB_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND ${WHOLE}),
    instance TEXT NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL CHECK (json_valid(message)),
    plan TEXT,
    step TEXT,
    firing_ms INTEGER CHECK (firing_ms ${TIME}),
    key TEXT,
    priority INTEGER NOT NULL CHECK (priority BETWEEN -1000 AND 1000),
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'errored', 'cancelled')),
    added_ms INTEGER NOT NULL CHECK (added_ms ${TIME}),
    due_ms INTEGER NOT NULL CHECK (due_ms ${TIME}),
    started_ms INTEGER CHECK (started_ms ${TIME}),
    finished_ms INTEGER CHECK (finished_ms ${TIME}),
    retries_max INTEGER NOT NULL CHECK (retries_max ${TIME}),
    time_limit_ms INTEGER CHECK (time_limit_ms ${TIME}),
    runs INTEGER NOT NULL DEFAULT 0 CHECK (runs ${TIME}),
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures ${TIME}),
    interruptions INTEGER NOT NULL DEFAULT 0 CHECK (interruptions ${TIME}),
    cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
    progress TEXT CHECK (json_valid(progress)),
    result TEXT CHECK (json_valid(result)),
    note TEXT CHECK (json_valid(note)),
    worker TEXT,
    lease_until_ms INTEGER CHECK (lease_until_ms ${TIME}),
    CHECK ((state = 'running') = (worker IS NOT NULL)),
    CHECK ((worker IS NULL) = (lease_until_ms IS NULL))
  ) STRICT;
  CREATE UNIQUE INDEX job_of_key ON job (instance, key) WHERE key IS NOT NULL;
  CREATE UNIQUE INDEX job_running_of_plan ON job (instance, plan) WHERE state = 'running' AND plan IS NOT NULL;
  CREATE INDEX job_running ON job (instance, lease_until_ms) WHERE state = 'running';
  CREATE INDEX job_waiting ON job (instance, priority DESC, due_ms, id) WHERE state = 'queued';
  CREATE INDEX job_of_instance ON job (instance, id);
  CREATE INDEX job_of_step ON job (instance, plan, step, state, id) WHERE plan IS NOT NULL AND step IS NOT NULL;

  CREATE TABLE run (
    job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND ${WHOLE}),
    instance TEXT NOT NULL,
    started_ms INTEGER NOT NULL CHECK (started_ms ${TIME}),
    finished_ms INTEGER CHECK (finished_ms ${TIME}),
    outcome TEXT CHECK (outcome IN ('done', 'failed', 'cancelled', 'interrupted')),
    result TEXT CHECK (json_valid(result)),
    PRIMARY KEY (job, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE log_line (
    job INTEGER NOT NULL,
    run INTEGER NOT NULL,
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND ${WHOLE}),
    instance TEXT NOT NULL,
    time_ms INTEGER NOT NULL CHECK (time_ms ${TIME}),
    source TEXT NOT NULL CHECK (source IN ('out', 'err', 'hook', 'worker')),
    text TEXT NOT NULL,
    PRIMARY KEY (job, run, number),
    FOREIGN KEY (job, run) REFERENCES run (job, number) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE plan (
    instance TEXT NOT NULL,
    name TEXT NOT NULL,
    since_ms INTEGER NOT NULL CHECK (since_ms ${TIME}),
    PRIMARY KEY (instance, name)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE job ADD COLUMN told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1));
  UPDATE job SET told = 1;
  CREATE INDEX job_untold ON job (instance, finished_ms, id)
    WHERE told = 0 AND plan IS NOT NULL AND state IN ('done', 'errored', 'cancelled');

  CREATE TABLE raised (
    instance TEXT NOT NULL,
    event TEXT NOT NULL CHECK (json_valid(event)),
    at_ms INTEGER NOT NULL CHECK (at_ms ${TIME}),
    about TEXT CHECK (json_valid(about)),
    PRIMARY KEY (instance, event)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE job ADD COLUMN run_of INTEGER CHECK (run_of BETWEEN 1 AND ${WHOLE});
  `,
  `
  ALTER TABLE job ADD COLUMN run_started_ms INTEGER CHECK (run_started_ms ${TIME});
  ALTER TABLE job ADD COLUMN ran_ms INTEGER NOT NULL DEFAULT 0 CHECK (ran_ms ${TIME});
  UPDATE job SET
    run_started_ms = CASE state WHEN 'running' THEN coalesce(
      (SELECT started_ms FROM run WHERE run.job = job.id AND number = job.runs), added_ms) END,
    ran_ms = coalesce((SELECT sum(max(0, finished_ms - started_ms)) FROM run WHERE run.job = job.id), 0);
  `,
]
