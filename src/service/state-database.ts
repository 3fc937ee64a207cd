import { closeSync, fstatSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'

import type { Clock } from '../base/clock.ts'
import { errnoOf, StorageError } from '../base/errors.ts'
import { makeFolders } from '../base/make-folders.ts'

/** How long a call waits for another process that writes. */
const BUSY_MS = 10_000

/** Primary result codes of SQLite: https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
/** Others began at the same moment, again and again. */
const SQLITE_PROTOCOL = 15
const SQLITE_NOTADB = 26
/** The shared memory beside a database could not be made as large as it has to be. */
const SQLITE_IOERR_SHMSIZE = 4874

export type Row = Readonly<Record<string, SQLOutputValue>>

export interface StateDatabaseOptions {
  readonly path: string
  /** The n-th script takes a database from version n to n + 1; scripts are only ever added. */
  readonly migrations: readonly string[]
  /** Told that the file was damaged, or none of ours, and where it lies now; a new one took its place. */
  readonly onDamaged: (movedTo: string, why: string) => void
  readonly clock: Clock
}

/**
 * One SQLite file of the state folder, for its owner alone. Any number of processes may use it at once.
 *
 * Whatever the file holds has been checked against the constraints of its schema when it is opened: what a row says is
 * of the types and within the bounds that the schema says.
 */
export class StateDatabase implements Disposable {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  private constructor(path: string, database: DatabaseSync) {
    this.#path = path
    this.#database = database
  }

  /**
   * Opens or makes the file.
   *
   * @throws {StorageError} STORE_FULL, STORE_FAILED, STORE_READ_ONLY; UNSUPPORTED_VERSION: a later version wrote it.
   */
  static open(options: StateDatabaseOptions): StateDatabase {
    const { path } = options
    const inode = prepareFile(path)
    try {
      return StateDatabase.#openOnce(options)
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error
      const movedTo = `${path}.damaged-${options.clock.nowMs()}`
      if (putAside(path, inode, movedTo)) options.onDamaged(movedTo, error.message)
      prepareFile(path)
      return StateDatabase.#openOnce(options)
    }
  }

  static #openOnce({ path, migrations }: StateDatabaseOptions): StateDatabase {
    return told(path, () => {
      const database = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true, defensive: true })
      try {
        database.exec('PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL')
        migrate(database, path, migrations)
        verifySchema(database, path, migrations)
        verifyRows(database, path)
        // It is written into the file: not before that is known to be ours.
        logAhead(database)
        return new StateDatabase(path, database)
      } catch (error) {
        database.close()
        throw error
      }
    })
  }

  /** Returns all rows of a query. */
  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return told(this.#path, () => this.#prepare(sql).all(...values))
  }

  /** Returns the first row of a query or of what a change returns. */
  first(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.all(sql, ...values)[0]
  }

  /** Makes a change, and returns how many rows it was made to. */
  change(sql: string, ...values: readonly SQLInputValue[]): number {
    return told(this.#path, () => Number(this.#prepare(sql).run(...values).changes))
  }

  /** Does all that `work` does, or nothing of it; nobody else writes meanwhile. */
  transaction<T>(work: () => T): T {
    return told(this.#path, () => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        this.#database.exec('COMMIT')
        return result
      } catch (error) {
        // A disk that is full may have ended the transaction already.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw error
      }
    })
  }

  [Symbol.dispose](): void {
    this.#statements.clear()
    this.#database.close()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) this.#statements.set(sql, (statement = this.#database.prepare(sql)))
    return statement
  }
}

/** The file is not what this program writes. */
class DamagedFile extends StorageError {
  constructor(path: string, why: string, cause?: unknown) {
    super('MALFORMED', `${path} is damaged: ${why}`, {
      context: { path },
      cause,
      hint: 'It is put aside, and a new one made, when it is opened the next time.',
    })
  }
}

/** Makes the file, for its owner alone, unless it is there; returns what tells it from a later one of the same name. */
function prepareFile(path: string): number {
  try {
    makeFolders(dirname(path), 0o700)
    const descriptor = openSync(path, 'a', 0o600)
    try {
      return fstatSync(descriptor).ino
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined) throw error
    const code = errno === 'ENOSPC' || errno === 'EDQUOT' ? 'STORE_FULL' : 'STORE_FAILED'
    throw failure({ code, path, why: errno, cause: error })
  }
}

/** Moves a damaged file away, unless another process has done so by now. */
function putAside(path: string, inode: number, movedTo: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.ino !== inode) return false
  renameSync(path, movedTo)
  // They belong to what was moved away: beside a new file they would be taken for its own.
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  return true
}

function migrate(database: DatabaseSync, path: string, migrations: readonly string[]): void {
  if (versionOf(database) === migrations.length) return
  database.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have done it while this one waited for its turn.
    const version = versionOf(database)
    if (version > migrations.length) throw tooNew(path, version)
    verifySchema(database, path, migrations.slice(0, Math.max(0, version)))
    for (const script of migrations.slice(version)) database.exec(script)
    database.exec(`PRAGMA user_version = ${migrations.length}`)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** Checks that tables and constraints are those that `migrations` make. */
function verifySchema(database: DatabaseSync, path: string, migrations: readonly string[]): void {
  using model = new DatabaseSync(':memory:')
  for (const script of migrations) model.exec(script)
  if (schemaOf(database) !== schemaOf(model)) throw new DamagedFile(path, 'its tables are not those of Tidemark')
}

/** Checks that all rows keep to the types and constraints of their tables. */
function verifyRows(database: DatabaseSync, path: string): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (found !== 'ok') throw new DamagedFile(path, String(found))
}

function schemaOf(database: DatabaseSync): string {
  // Tables of SQLite itself have statistics and counters.
  const rows = database.prepare(
    "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
  )
  return JSON.stringify(rows.all())
}

/**
 * Has readers never wait for a writer, as long as the file is there.
 *
 * Where others use the file at this moment SQLite does not wait for them, but says that it is busy: whoever opens it does
 * the same, and what one of them has written into the file holds for all from their next transaction on.
 * @see https://www.sqlite.org/wal.html#sometimes_queries_return_sqlite_busy_in_wal_mode
 */
function logAhead(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA journal_mode = WAL')
  } catch (error) {
    if (((resultCodeOf(error) ?? 0) & 0xff) !== SQLITE_BUSY) throw error
  }
}

/** Gives what SQLite refuses the names that all stores have for it. */
function told<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = resultCodeOf(error)
    if (code === undefined || !(error instanceof Error)) throw error
    const why = error.message
    switch (code & 0xff) {
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        throw new DamagedFile(path, why, error)
      case SQLITE_FULL:
        throw failure({ code: 'STORE_FULL', path, why, cause: error })
      case SQLITE_READONLY:
        throw failure({ code: 'STORE_READ_ONLY', path, why, cause: error })
      case SQLITE_BUSY:
      case SQLITE_PROTOCOL:
        throw failure({ code: 'STORE_UNAVAILABLE', path, why, cause: error })
      case SQLITE_IOERR:
      case SQLITE_CANTOPEN:
        throw failure({ code: code === SQLITE_IOERR_SHMSIZE ? 'STORE_FULL' : 'STORE_FAILED', path, why, cause: error })
      default:
        // Anything else is a statement that is wrong: a bug.
        throw error
    }
  }
}

function resultCodeOf(error: unknown): number | undefined {
  if (errnoOf(error) !== 'ERR_SQLITE_ERROR') return undefined
  const { errcode } = error as { readonly errcode?: unknown }
  return typeof errcode === 'number' ? errcode : undefined
}

interface Failure {
  readonly code: 'STORE_FULL' | 'STORE_FAILED' | 'STORE_READ_ONLY' | 'STORE_UNAVAILABLE'
  readonly path: string
  readonly why: string
  readonly cause: unknown
}

function failure({ code, path, why, cause }: Failure): StorageError {
  const hint =
    code === 'STORE_FULL'
      ? 'Make room on its disk: what was under way goes on then.'
      : 'Check that the folder belongs to you and that its disk can be written to.'
  const retry = code === 'STORE_FULL' || code === 'STORE_UNAVAILABLE' ? 'transient' : 'never'
  return new StorageError(code, `${path} could not be used: ${why}`, { retry, context: { path }, cause, hint })
}

function tooNew(path: string, version: number): StorageError {
  return new StorageError('UNSUPPORTED_VERSION', `${path} was written by a later version of Tidemark (${version})`, {
    context: { path, version },
    hint: 'Use that version. Without the file, a new and empty one is made.',
  })
}
