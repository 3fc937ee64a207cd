import { join } from 'node:path'
import type { SQLInputValue } from 'node:sqlite'

import { assert, present } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { PlanHistory } from '../schedule/schedule.ts'
import type { Job, JobId, JobProgress, JobRun, LogLine, NewJob, RunNote } from './job.ts'
import { eventOf, jobOf, lineOf, noteOf, runOf } from './job-rows.ts'
import { JOB_MIGRATIONS } from './job-schema.ts'
import {
  type AbandonedJob,
  type Claim,
  type JobFilter,
  type JobPage,
  JOBS_PER_PAGE_MAX,
  type JobStore,
  type KeptEvent,
  type LeaseOf,
  LOG_LINES_MAX,
  type LogRange,
  type NewLogLine,
  type Settlement,
} from './job-store.ts'
import { readHistories } from './plan-histories.ts'
import { type Row, StateDatabase } from '../state-database.ts'

const RETRIES_DEFAULT = 3
/** What a line of a log is cut to. */
const LINE_CHARACTERS_MAX = 4096

export interface SqliteJobStoreOptions {
  readonly stateDirectory: string
  readonly clock: Clock
  /** Told that what was kept was damaged, and where it lies now; a new, empty store took its place. */
  readonly onDamaged: (movedTo: string, why: string) => void
}

/** Keeps jobs in `jobs.sqlite` of the state folder. */
export class SqliteJobStore implements JobStore {
  readonly #database: StateDatabase

  private constructor(database: StateDatabase) {
    this.#database = database
  }

  /**
   * Opens or makes the store.
   *
   * @throws {StorageError} STORE_FULL, STORE_FAILED, STORE_READ_ONLY; UNSUPPORTED_VERSION: a later version wrote it.
   */
  static open({ stateDirectory, clock, onDamaged }: SqliteJobStoreOptions): SqliteJobStore {
    const path = join(stateDirectory, 'jobs.sqlite')
    return new SqliteJobStore(StateDatabase.open({ path, migrations: JOB_MIGRATIONS, onDamaged, clock }))
  }

  async add(job: NewJob, nowMs: number): Promise<Job> {
    return this.#database.transaction(() => {
      const known = job.key === undefined ? undefined : this.#ofKey(job.instance, job.key)
      return known ?? jobOf(this.#insert(job, nowMs))
    })
  }

  async claim(claim: Claim, isHeldBack?: (job: Job) => Promise<boolean>): Promise<Job | undefined> {
    const held: JobId[] = []
    for (;;) {
      const row = this.#database.first(NEXT, ...waitingFor(claim), JSON.stringify(held))
      if (row === undefined) return undefined
      const next = jobOf(row)
      if ((await isHeldBack?.(next)) === true) held.push(next.id)
      else {
        const job = this.#lease(next.id, claim)
        // Otherwise it was another's meanwhile, or is of a plan of which another runs by now.
        if (job !== undefined) return job
      }
    }
  }

  async takeOver(
    { instance, worker, kinds, nowMs, leaseMs, ended = [] }: Claim,
    held: readonly JobId[],
  ): Promise<AbandonedJob | undefined> {
    const row = this.#database.first(
      TAKE_OVER,
      ...[
        worker,
        leaseMs,
        nowMs,
        nowMs,
        nowMs + leaseMs,
        instance,
        JSON.stringify(held),
        JSON.stringify(kinds),
        nowMs,
        nowMs + 2 * leaseMs,
      ],
      JSON.stringify(ended),
    )
    return row === undefined ? undefined : { job: jobOf(row), note: noteOf(row) }
  }

  async workers(instance: InstanceId): Promise<readonly string[]> {
    const sql = "SELECT DISTINCT worker FROM job WHERE instance = ? AND state = 'running'"
    return this.#database.all(sql, instance).map(({ worker }) => String(worker))
  }

  async renew({ job, worker, untilMs }: LeaseOf, progress?: JobProgress): Promise<'go-on' | 'cancel' | 'lost'> {
    const row = this.#database.first(
      RENEW,
      untilMs,
      progress === undefined ? null : JSON.stringify(progress),
      job,
      worker,
    )
    if (row === undefined) return 'lost'
    return row['cancel_requested'] === 1 ? 'cancel' : 'go-on'
  }

  async note({ job, worker, untilMs }: LeaseOf, note: RunNote): Promise<boolean> {
    const sql = `UPDATE job SET note = ?, lease_until_ms = ? WHERE id = ? AND worker = ? AND state = 'running'`
    return this.#database.change(sql, JSON.stringify(note), untilMs, job, worker) > 0
  }

  async settle(job: JobId, worker: string, settlement: Settlement): Promise<boolean> {
    const { nowMs, outcome, next } = settlement
    const result = settlement.result === undefined ? null : JSON.stringify(settlement.result)
    const again = 'again' in next
    return this.#database.transaction(() => {
      const settled = this.#database.first(
        SETTLE,
        ...[again ? 'queued' : next.state, again ? null : nowMs, again ? next.dueMs : null, nowMs, result],
        ...[outcome === 'failed' ? 1 : 0, outcome === 'interrupted' ? 1 : 0, job, worker],
      )
      if (settled === undefined) return false
      const sql = 'UPDATE run SET finished_ms = ?, outcome = ?, result = ? WHERE job = ? AND number = ?'
      this.#database.change(sql, nowMs, outcome, result, job, present(settled['runs'], 'number of the run'))
      return true
    })
  }

  async cancel(job: JobId, nowMs: number): Promise<Job | undefined> {
    return this.#database.transaction(() => {
      const row = this.#database.first(CANCEL, nowMs, job)
      if (row !== undefined) this.#database.change(CANCEL_BEHIND, nowMs, job)
      return row === undefined ? this.#get(job) : jobOf(row)
    })
  }

  async resume(job: JobId, nowMs: number): Promise<Job | undefined> {
    const row = this.#database.first(RESUME, nowMs, job, nowMs)
    return row === undefined ? this.get(job) : jobOf(row)
  }

  async get(job: JobId): Promise<Job | undefined> {
    return this.#get(job)
  }

  #get(job: JobId): Job | undefined {
    const row = this.#database.first('SELECT * FROM job WHERE id = ?', job)
    return row === undefined ? undefined : jobOf(row)
  }

  async runs(job: JobId): Promise<readonly JobRun[]> {
    return this.#database.all('SELECT * FROM run WHERE job = ? ORDER BY number', job).map(runOf)
  }

  async list({ instance, states, kinds, plan, step, before, limit }: JobFilter): Promise<JobPage> {
    assert(limit >= 1 && limit <= JOBS_PER_PAGE_MAX, 'a page has 1 to JOBS_PER_PAGE_MAX jobs')
    const conditions: Condition[] = [{ sql: 'instance = ?', value: instance }]
    if (states !== undefined) conditions.push({ sql: `state IN ${VALUES}`, value: JSON.stringify(states) })
    if (kinds !== undefined) conditions.push({ sql: `kind IN ${VALUES}`, value: JSON.stringify(kinds) })
    if (plan !== undefined) conditions.push({ sql: 'plan = ?', value: plan })
    if (step !== undefined) conditions.push({ sql: 'step = ?', value: step })
    if (before !== undefined) conditions.push({ sql: 'id < ?', value: before })
    const where = conditions.map(({ sql }) => sql).join(' AND ')
    // One more than asked for tells whether there is another page.
    const sql = `SELECT * FROM job WHERE ${where} ORDER BY id DESC LIMIT ?`
    const rows = this.#database.all(sql, ...conditions.map(({ value }) => value), limit + 1)
    const jobs = rows.slice(0, limit).map(jobOf)
    return { jobs, next: rows.length > limit ? jobs.at(-1)?.id : undefined }
  }

  async histories(
    instance: InstanceId,
    plans: readonly string[],
    nowMs: number,
  ): Promise<ReadonlyMap<string, PlanHistory>> {
    return readHistories(this.#database, { instance, plans, nowMs })
  }

  async nextDueMs(instance: InstanceId, kinds: readonly string[]): Promise<number | undefined> {
    const dueMs = this.#database.first(NEXT_DUE, instance, JSON.stringify(kinds))?.['due_ms']
    return typeof dueMs === 'number' ? dueMs : undefined
  }

  async untold(instance: InstanceId): Promise<readonly Job[]> {
    return this.#database.all(UNTOLD, instance, JOBS_PER_PAGE_MAX).map(jobOf)
  }

  async told(job: JobId): Promise<void> {
    this.#database.change('UPDATE job SET told = 1 WHERE id = ?', job)
  }

  async raise(instance: InstanceId, { event, atMs, about }: KeptEvent): Promise<void> {
    const said = about === undefined ? null : JSON.stringify(about)
    this.#database.change(RAISE, instance, JSON.stringify(event), atMs, said)
  }

  async raised(instance: InstanceId): Promise<readonly KeptEvent[]> {
    const rows = this.#database.all('SELECT * FROM raised WHERE instance = ?', instance)
    return rows.map(eventOf).filter((event) => event !== undefined)
  }

  async log(job: JobId, run: number, lines: readonly NewLogLine[]): Promise<void> {
    this.#database.transaction(() => {
      const owner = this.#database.first(LAST_LINE, job, run)
      // Whoever pruned the job wants nothing more of it.
      if (owner === undefined) return
      let number = Number(owner['number'])
      for (const { timeMs, from, text } of lines) {
        const cut = text.slice(0, LINE_CHARACTERS_MAX)
        this.#database.change(ADD_LINE, job, run, ++number, String(owner['instance']), timeMs, from, cut)
      }
      const sql = 'DELETE FROM log_line WHERE job = ? AND run = ? AND number <= ?'
      this.#database.change(sql, job, run, number - LOG_LINES_MAX)
    })
  }

  async readLog(job: JobId, { run, after, limit }: LogRange): Promise<readonly LogLine[]> {
    const sql =
      'SELECT * FROM log_line WHERE job = ? AND (run, number) > (?, ?) AND run BETWEEN ? AND ? ' +
      'ORDER BY run, number LIMIT ?'
    const [first, last] = run === undefined ? [0, Number.MAX_SAFE_INTEGER] : [run, run]
    return this.#database.all(sql, job, after?.run ?? 0, after?.number ?? 0, first, last, limit).map(lineOf)
  }

  async prune(instance: InstanceId, endedBeforeMs: number): Promise<number> {
    return this.#database.change(PRUNE, instance, endedBeforeMs, instance)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database[Symbol.dispose]()
  }

  #lease(id: JobId, claim: Claim): Job | undefined {
    const { instance, worker, nowMs, leaseMs } = claim
    return this.#database.transaction(() => {
      const row = this.#database.first(CLAIM, worker, nowMs + leaseMs, nowMs, nowMs, ...waitingFor(claim), id)
      if (row === undefined) return undefined
      const job = jobOf(row)
      const sql = 'INSERT INTO run (job, number, instance, started_ms) VALUES (?, ?, ?, ?)'
      this.#database.change(sql, job.id, job.runs, instance, nowMs)
      return job
    })
  }

  #ofKey(instance: InstanceId, key: string): Job | undefined {
    const row = this.#database.first('SELECT * FROM job WHERE instance = ? AND key = ?', instance, key)
    return row === undefined ? undefined : jobOf(row)
  }

  #insert(job: NewJob, nowMs: number): Row {
    const { instance, kind, message, plan, step, firingMs, key, priority, dueMs, retriesMax, timeLimitMs, runOf } = job
    const row = this.#database.first(
      INSERT,
      ...[instance, kind, JSON.stringify(message), plan ?? null, step ?? null, firingMs ?? null, key ?? null],
      ...[priority ?? 0, nowMs, dueMs ?? nowMs, retriesMax ?? RETRIES_DEFAULT, timeLimitMs ?? null, runOf ?? null],
    )
    return present(row, 'the row that was just inserted')
  }
}

interface Condition {
  readonly sql: string
  readonly value: SQLInputValue
}

/** A list of texts that is given as one JSON array. */
const VALUES = '(SELECT value FROM json_each(?))'

const INSERT = `
  INSERT INTO job (instance, kind, message, plan, step, firing_ms, key, priority, state, added_ms, due_ms, retries_max,
    time_limit_ms, run_of)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?) RETURNING *`

/** Holds for a job `next` before which nothing of the same run of its plan is queued: to be tried again, or held back. */
const IS_FIRST = `
  (next.run_of IS NULL OR NOT EXISTS (
    SELECT 1 FROM job AS earlier
    WHERE earlier.instance = next.instance AND earlier.state = 'queued' AND earlier.id < next.id
      AND (earlier.id = next.run_of OR earlier.run_of = next.run_of)
  ))`

/** Jobs that may be leased: see `waitingFor`. */
const WAITING = `
  FROM job AS next
  WHERE instance = ? AND state = 'queued' AND due_ms <= ? AND kind IN ${VALUES}
    AND NOT EXISTS (
      SELECT 1 FROM job WHERE instance = next.instance AND state = 'running' AND plan = next.plan
    )
    AND ${IS_FIRST}`

/** What `WAITING` asks for. */
function waitingFor({ instance, nowMs, kinds }: Claim): SQLInputValue[] {
  return [instance, nowMs, JSON.stringify(kinds)]
}

const NEXT = `SELECT * ${WAITING} AND id NOT IN ${VALUES} ORDER BY priority DESC, due_ms, id LIMIT 1`

const NEXT_DUE = `
  SELECT min(due_ms) AS due_ms FROM job AS next
  WHERE instance = ? AND state = 'queued' AND kind IN ${VALUES} AND ${IS_FIRST}`

const CLAIM = `
  UPDATE job SET state = 'running', worker = ?, lease_until_ms = ?, started_ms = coalesce(started_ms, ?), run_started_ms = ?,
    runs = runs + 1, cancel_requested = 0, progress = NULL, result = NULL, note = NULL
  WHERE id = (SELECT id ${WAITING} AND id = ?)
  RETURNING *`

/**
 * A lease that ends later than any that is given now was given before the clock was set back. The run lasted until it was
 * given; that it was found later is none of its time.
 */
const TAKE_OVER = `
  UPDATE job SET worker = ?, ran_ms = ran_ms + max(0, min(lease_until_ms - ?, ?) - run_started_ms), run_started_ms = ?,
    lease_until_ms = ?
  WHERE id = (
    SELECT id FROM job
    WHERE instance = ? AND state = 'running' AND id NOT IN ${VALUES} AND kind IN ${VALUES}
      AND (lease_until_ms <= ? OR lease_until_ms > ? OR worker IN ${VALUES})
    ORDER BY id LIMIT 1
  )
  RETURNING *`

const RENEW = `
  UPDATE job SET lease_until_ms = ?, progress = coalesce(?, progress)
  WHERE id = ? AND worker = ? AND state = 'running'
  RETURNING cancel_requested`

const SETTLE = `
  UPDATE job SET state = ?, finished_ms = ?, due_ms = coalesce(?, due_ms),
    ran_ms = ran_ms + max(0, ? - run_started_ms), run_started_ms = NULL, result = ?, failures = failures + ?,
    interruptions = interruptions + ?, worker = NULL, lease_until_ms = NULL, note = NULL, cancel_requested = 0, told = 0
  WHERE id = ? AND worker = ? AND state = 'running'
  RETURNING runs`

const CANCEL = `
  UPDATE job SET
    cancel_requested = state = 'running',
    finished_ms = CASE state WHEN 'queued' THEN ? END,
    state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END
  WHERE id = ? AND state IN ('queued', 'running')
  RETURNING *`

/** What its plan was to do behind it, asked for by hand or for the same firing. */
const CANCEL_BEHIND = `
  UPDATE job SET state = 'cancelled', finished_ms = ?
  FROM job AS first
  WHERE first.id = ? AND job.id > first.id AND job.state = 'queued'
    AND job.instance = first.instance AND job.plan = first.plan AND job.firing_ms IS first.firing_ms`

const RESUME = `
  UPDATE job SET state = 'queued', due_ms = ?, finished_ms = NULL, failures = 0, interruptions = 0
  WHERE id = ? AND (state IN ('errored', 'cancelled') OR (state = 'queued' AND due_ms > ?))
  RETURNING *`

const UNTOLD = `
  SELECT * FROM job
  WHERE instance = ? AND told = 0 AND plan IS NOT NULL AND state IN ('done', 'errored', 'cancelled')
  ORDER BY finished_ms, id LIMIT ?`

const RAISE = `
  INSERT INTO raised (instance, event, at_ms, about) VALUES (?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms, about = excluded.about`

const LAST_LINE = `
  SELECT instance, (SELECT coalesce(max(number), 0) FROM log_line WHERE job = run.job AND run = run.number) AS number
  FROM run WHERE job = ? AND number = ?`

const ADD_LINE = `
  INSERT INTO log_line (job, run, number, instance, time_ms, source, text) VALUES (?, ?, ?, ?, ?, ?, ?)`

const PRUNE = `
  DELETE FROM job
  WHERE instance = ? AND state IN ('done', 'errored', 'cancelled') AND finished_ms < ? AND id NOT IN (
    SELECT max(id) FROM job WHERE instance = ? AND plan IS NOT NULL AND step IS NOT NULL GROUP BY plan, step, state
  )`
