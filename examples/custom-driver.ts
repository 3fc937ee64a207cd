// A driver of one's own, complete: it keeps the objects of a repository in one SQLite file. The configuration names it:
//
//   repositories:
//     single:
//       url: sqlite:/srv/backups.sqlite
//       driver: ./custom-driver.ts      # beside config.yaml; .js works alike
//
// It passes the contract that every driver has to: see test/examples/custom-driver.test.ts.
import { existsSync } from 'node:fs'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'

import {
  type ByteRange,
  type Driver,
  type DriverModuleOptions,
  type ErrorCode,
  objectExists,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectNotFound,
  parseObjectId,
  rangeInside,
  StorageError,
} from 'tidemark/driver'

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS objects (kind TEXT, id TEXT, bytes BLOB NOT NULL, PRIMARY KEY (kind, id)) STRICT;`

/** How long a writer waits for another one. */
const BUSY_MS_MAX = 30_000

const SQLITE_CONSTRAINT_PRIMARYKEY = 1555

/** Makes the file; one that is there is left as it is. */
export async function createStore({ url }: DriverModuleOptions): Promise<void> {
  meaning(url, () => {
    using database = new DatabaseSync(pathOf(url), { timeout: BUSY_MS_MAX })
    database.exec(SCHEMA)
  })
}

export async function openDriver({ url }: DriverModuleOptions): Promise<Driver> {
  const path = pathOf(url)
  if (!existsSync(path)) {
    throw new StorageError('NO_REPOSITORY', `there is no repository at ${url}: no file ${path}`, {
      hint: 'Make one with `tidemark init`.',
    })
  }
  return meaning(url, () => new SqliteDriver(url, new DatabaseSync(path, { timeout: BUSY_MS_MAX })))
}

class SqliteDriver implements Driver {
  readonly capabilities = { exclusivePut: true, persistent: true, concurrency: 1 }
  readonly location: string
  readonly #database: DatabaseSync

  constructor(location: string, database: DatabaseSync) {
    this.location = location
    this.#database = database
    // Once `put` resolves, the object survives a loss of power.
    database.exec('PRAGMA synchronous = FULL')
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    // The parts may lie in shared memory, which SQLite cannot take: concatenated, they are copied.
    const bytes = Buffer.concat(parts)
    try {
      this.#run('INSERT INTO objects VALUES (?, ?, ?)', name.kind, name.id, bytes)
    } catch (error) {
      if (isSqliteError(error) && error.errcode === SQLITE_CONSTRAINT_PRIMARYKEY)
        throw objectExists(name, this.location)
      throw storageError(this.location, error)
    }
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    const { bytes } = await this.stat(name, signal)
    const { offset, length } = rangeInside(name, range, bytes)
    // Of no bytes SQLite makes NULL.
    if (length === 0) return new Uint8Array(0)
    // SQL counts from 1.
    const sql = 'SELECT substr(bytes, ?, ?) FROM objects WHERE kind = ? AND id = ?'
    const content = this.#value(sql, offset + 1, length, name.kind, name.id)
    // Somebody may have removed it since.
    if (!(content instanceof Uint8Array)) throw objectNotFound(name, this.location)
    return new Uint8Array(content)
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    signal?.throwIfAborted()
    const bytes = this.#value('SELECT length(bytes) FROM objects WHERE kind = ? AND id = ?', name.kind, name.id)
    if (typeof bytes !== 'number') throw objectNotFound(name, this.location)
    return { name, bytes }
  }

  async *list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    signal?.throwIfAborted()
    const rows = meaning(this.location, () =>
      this.#database.prepare('SELECT id, length(bytes) AS bytes FROM objects WHERE kind = ?').all(kind),
    )
    for (const { id, bytes } of rows) {
      const parsed = parseObjectId(String(id))
      // What has no object's name is nobody's business.
      if (parsed !== undefined) yield { name: { kind, id: parsed }, bytes: Number(bytes) }
      signal?.throwIfAborted()
    }
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    meaning(this.location, () => this.#run('DELETE FROM objects WHERE kind = ? AND id = ?', name.kind, name.id))
  }

  localFile(): undefined {
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#database.isOpen) this.#database.close()
  }

  #run(sql: string, ...values: readonly (string | Uint8Array)[]): void {
    this.#database.prepare(sql).run(...values)
  }

  /** Returns the one column of the one row that `sql` finds. */
  #value(sql: string, ...values: readonly (string | number)[]): SQLOutputValue | undefined {
    const row = meaning(this.location, () => this.#database.prepare(sql).get(...values))
    return row === undefined ? undefined : Object.values(row)[0]
  }
}

/** `sqlite:/path`, as the configuration has it. */
function pathOf(url: string): string {
  const path = /^sqlite:(\/.+)$/.exec(url)?.[1]
  if (path !== undefined) return path
  throw new StorageError('NO_REPOSITORY', `${url} is not of the form sqlite:/path`, { hint: 'Correct the URL.' })
}

interface SqliteError extends Error {
  readonly errcode: number
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
}

/** Calls `act`; what SQLite throws becomes an error that Tidemark understands, anything else is a bug and stays one. */
function meaning<T>(location: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw storageError(location, error)
  }
}

/** By SQLite's primary result codes. What may pass by itself is marked, so that Tidemark tries again. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  5: 'STORE_UNAVAILABLE', // SQLITE_BUSY
  6: 'STORE_UNAVAILABLE', // SQLITE_LOCKED
  8: 'STORE_READ_ONLY',
  13: 'STORE_FULL',
  14: 'STORE_DENIED', // SQLITE_CANTOPEN
  23: 'STORE_DENIED', // SQLITE_AUTH
}

function storageError(location: string, error: unknown): unknown {
  if (!isSqliteError(error)) return error
  const code = CODES[error.errcode & 0xff] ?? 'STORE_FAILED'
  return new StorageError(code, `${location}: ${error.message}`, {
    cause: error,
    retry: code === 'STORE_UNAVAILABLE' ? 'transient' : 'never',
    hint: 'Look at the file and at the disk that it lies on.',
  })
}
