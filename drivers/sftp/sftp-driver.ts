import { posix } from 'node:path'

import { toHex } from '../../src/base/bytes.ts'
import { StorageError } from '../../src/base/errors.ts'
import { systemRandomness } from '../../src/base/random.ts'
import {
  type ByteRange,
  type Driver,
  type DriverCapabilities,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectPath,
  type StoreSpace,
} from '../../src/storage/driver.ts'
import { notAFile, objectExists, objectNotFound, rangeInside } from '../../src/storage/object-errors.ts'
import { assertAttached, isThere, type StoreFolder } from './attached.ts'
import { folderOf, listObjects } from './list-objects.ts'
import type { SftpChannel } from './sftp-channel.ts'
import { sftpError, statusOf, storeFull } from './sftp-errors.ts'
import { SftpSession } from './sftp-session.ts'
import type { SshSecrets, SshServer } from './ssh-server.ts'
import { StoreFolders } from './store-folders.ts'
import { type NewFile, writeTogether } from './write-together.ts'

/** Objects are written here before they get their name. */
export const TEMPORARY_FOLDER = 'tmp'
/** An object never changes: without write permission, not even a careless program of its owner changes it. */
const OBJECT_MODE = 0o400
const LEFT_OVER_SECONDS = 24 * 3600
/** A put fails for want of space when less than this is left: what a pack needs. */
const SPACE_MIN = 32 << 20
/** What is as large is written over all channels at once: in a round trip each takes two megabytes, whatever the line carries. */
const TOGETHER_BYTES_MIN = 4 << 20
/** Far servers answer late: fewer would leave the line idle while the next is being asked for. */
const CONNECTIONS_USUAL = 16

export interface SftpDriverOptions {
  readonly server: SshServer
  readonly secrets: SshSecrets
  /** The store's folder, absolute or relative to the home there. */
  readonly path: string
  /** The location as the user wrote it. */
  readonly location: string
  /** How many calls at once suit the server, where a test has found out. */
  readonly connections?: number | undefined
}

/**
 * Logs in to the server of a store in one of its folders. Whether there is such a folder, the first call tells, which need not wait for
 * that: NO_REPOSITORY. Nothing is written before the first put.
 *
 * @throws {StorageError} STORE_UNAVAILABLE, STORE_DENIED, STORE_FAILED
 */
export async function openSftpDriver(options: SftpDriverOptions): Promise<SftpDriver> {
  const session = new SftpSession(options.server, options.secrets)
  try {
    await session.connect()
    return new SftpDriver(session, options)
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw sftpError(error, { doing: 'opening', path: options.location })
  }
}

/**
 * Keeps objects as files of an SSH server, laid out as the local driver does: made by `openSftpDriver`. Either of the
 * two reads what the other wrote.
 */
export class SftpDriver implements Driver {
  readonly location: string
  /** OpenSSH refuses to rename over another file even when two race; few other servers say what they do. */
  readonly capabilities: DriverCapabilities
  readonly #session: SftpSession
  readonly #root: string
  readonly #folders: StoreFolders
  #isFound = false
  /** Looks for the store's folder. That there is none stays so; a look that failed for anything else is made again. */
  #finding: Promise<void> | undefined
  #swept = false

  constructor(
    session: SftpSession,
    { path, location, connections = CONNECTIONS_USUAL }: Pick<SftpDriverOptions, 'path' | 'location' | 'connections'>,
  ) {
    this.#session = session
    this.#root = path
    this.#folders = new StoreFolders(path)
    this.location = location
    this.#finding = this.#find()
    // Whoever calls gets the error; until then it must not end the process.
    this.#finding.catch(ignore)
    this.capabilities = { exclusivePut: true, persistent: true, concurrency: connections, cheapCalls: true }
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
    await this.#meaning('writing', { name, bytes }, async (channel) => {
      const temporary = this.#path(`${TEMPORARY_FOLDER}/${toHex(systemRandomness.bytes(16))}`)
      // The folder is got ready while the object is being written.
      const [written, folder] = await Promise.allSettled([
        this.#writeTemporary(channel, { path: temporary, parts, mode: OBJECT_MODE }, signal),
        this.#folders.open(channel, folderOf(name)),
      ])
      let published = false
      try {
        if (written.status === 'rejected') throw written.reason
        if (folder.status === 'rejected') throw folder.reason
        published = await this.#publish(channel, { temporary, name, folder: folder.value })
      } catch (error) {
        throw await this.#whyNotWritten(channel, error)
      } finally {
        // What cannot be removed is swept a day later.
        if (!published) await channel.unlink(temporary).catch(ignore)
        if (folder.status === 'fulfilled' && folder.value !== undefined) channel.close(folder.value).catch(ignore)
      }
      if (!published) throw objectExists(name, this.location)
      this.#sweepOnce(channel)
    })
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted()
    return this.#meaning('reading', { name, bytes: range?.length ?? 0 }, async (channel) => {
      const path = this.#path(objectPath(name))
      const [handle, info] = await bothOf(channel.openFile(path, 'read', 0), channel.lstat(path), (opened) =>
        channel.close(opened),
      )
      try {
        if (!info.isFile()) throw notAFile(name, path)
        const { offset, length } = rangeInside(name, range, info.size)
        const bytes = Buffer.from(new ArrayBuffer(length))
        const read = await channel.read(handle, bytes, offset, signal)
        if (read < length) rangeInside(name, { offset, length }, offset + read)
        return new Uint8Array(bytes.buffer)
      } finally {
        // Nobody waits for it: a handle that stays open goes with the channel.
        channel.close(handle).catch(ignore)
      }
    })
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    signal?.throwIfAborted()
    return this.#meaning('looking at', { name, bytes: 0 }, async (channel) => {
      const path = this.#path(objectPath(name))
      const info = await channel.lstat(path)
      if (!info.isFile()) throw notAFile(name, path)
      return { name, bytes: info.size }
    })
  }

  list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    return this.listKinds([kind], signal)
  }

  async *listKinds(kinds: readonly ObjectKind[], signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    signal?.throwIfAborted()
    try {
      yield* await this.#use(0, async (channel) => listObjects(channel, this.#store, kinds))
    } catch (error) {
      throw sftpError(error, { doing: 'listing', path: kinds.length === 1 ? this.#path(kinds.join()) : this.#root })
    }
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    try {
      await this.#meaning('removing', { name, bytes: 0 }, async (channel) =>
        channel.unlink(this.#path(objectPath(name))),
      )
    } catch (error) {
      if (!(error instanceof StorageError && error.code === 'NOT_FOUND')) throw error
    }
  }

  localFile(): undefined {
    return undefined
  }

  async space(signal?: AbortSignal): Promise<StoreSpace | undefined> {
    signal?.throwIfAborted()
    try {
      return await this.#use(0, async (channel) => channel.space(this.#root))
    } catch (error) {
      throw sftpError(error, { doing: 'looking at', path: this.#root })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]()
  }

  get #store(): StoreFolder {
    return { root: this.#root, location: this.location }
  }

  /** @throws {StorageError} NO_REPOSITORY */
  async #find(): Promise<void> {
    const { location } = this
    const info = await this.#session
      .use(0, async (channel) => channel.stat(this.#root))
      .catch((error: unknown) => {
        if (statusOf(error) === 'noSuchFile') throw noStore(location, 'not there')
        this.#finding = undefined
        throw sftpError(error, { doing: 'opening', path: location })
      })
    if (!info.isDirectory()) throw noStore(location, 'a file, not a folder')
    this.#isFound = true
  }

  /** Calls `act`; what is wrong with the store goes before what follows from that. */
  async #use<T>(bytes: number, act: (channel: SftpChannel) => Promise<T>): Promise<T> {
    const finding = this.#isFound ? undefined : (this.#finding ??= this.#find())
    const acting = this.#session.use(bytes, act)
    if (finding !== undefined) {
      acting.catch(ignore)
      await finding
    }
    return acting
  }

  #path(below: string): string {
    return posix.join(this.#root, below)
  }

  async #writeTemporary(channel: SftpChannel, file: NewFile, signal: AbortSignal | undefined): Promise<void> {
    const { path, parts, mode } = file
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
    // That one file may be open several times is known of OpenSSH.
    if (channel.inOrder && bytes >= TOGETHER_BYTES_MIN) {
      return this.#session.useAll(bytes, async (channels) =>
        this.#folders.within(channel, TEMPORARY_FOLDER, async () => writeTogether(channels, file, signal)),
      )
    }
    const handle = await this.#folders.within(channel, TEMPORARY_FOLDER, async () =>
      channel.openFile(path, 'create', mode),
    )
    await channel.writeFile(handle, { parts }, signal)
  }

  /**
   * Gives the temporary file its name, and makes the names of its folder durable: also when the name was taken, whose
   * writer may not have come to this yet, and callers take EXISTS for stored. Returns whether it was free.
   */
  async #publish(
    channel: SftpChannel,
    { temporary, name, folder }: { temporary: string; name: ObjectName; folder: Buffer | undefined },
  ): Promise<boolean> {
    const naming = this.#rename(channel, temporary, name)
    if (folder === undefined) return naming
    // What works in order is asked for both in one go.
    if (!channel.inOrder) await naming
    const [named, synced] = await Promise.allSettled([naming, channel.sync(folder)])
    if (named.status === 'rejected') throw named.reason
    if (synced.status === 'rejected') throw synced.reason
    return named.value
  }

  /** Returns whether the name was free. */
  async #rename(channel: SftpChannel, temporary: string, name: ObjectName): Promise<boolean> {
    const path = this.#path(objectPath(name))
    try {
      await channel.rename(temporary, path)
      return true
    } catch (error) {
      // The protocol has one status for all that goes wrong: a taken name is found by looking.
      if (statusOf(error) === 'failure' && (await isThere(channel, path))) return false
      throw error
    }
  }

  /** A full disk is a failure like any other to the protocol; the space that is left tells. */
  async #whyNotWritten(channel: SftpChannel, error: unknown): Promise<unknown> {
    if (statusOf(error) !== 'failure') return error
    const space = await channel.space(this.#root).catch(ignore)
    return space !== undefined && space.free < SPACE_MIN ? storeFull(this.#root, error) : error
  }

  /** Temporary files that crashed writers left behind more than a day ago, by the clock of the server. */
  #sweepOnce(channel: SftpChannel): void {
    if (this.#swept) return
    this.#swept = true
    // Nobody waits for it, nor needs it: the next process tries it again.
    this.#sweep(channel).catch(ignore)
  }

  async #sweep(channel: SftpChannel): Promise<void> {
    const { entries } = await channel.readFolder(await channel.openFolder(this.#path(TEMPORARY_FOLDER)))
    const newest = Math.max(...entries.map(({ attrs }) => attrs.mtime))
    for (const { filename, attrs } of entries) {
      if (!/^[0-9a-f]{32}$/.test(filename) || attrs.mtime >= newest - LEFT_OVER_SECONDS) continue
      await channel.unlink(this.#path(`${TEMPORARY_FOLDER}/${filename}`)).catch(ignore)
    }
  }

  async #meaning<T>(
    doing: 'writing' | 'reading' | 'looking at' | 'removing',
    { name, bytes }: { readonly name: ObjectName; readonly bytes: number },
    act: (channel: SftpChannel) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#use(bytes, async (channel) => this.#actOn(channel, { doing, name, act }))
    } catch (error) {
      throw sftpError(error, { doing, path: this.#path(objectPath(name)) })
    }
  }

  async #actOn<T>(
    channel: SftpChannel,
    { doing, name, act }: { doing: string; name: ObjectName; act: (channel: SftpChannel) => Promise<T> },
  ): Promise<T> {
    try {
      return await act(channel)
    } catch (error) {
      if (statusOf(error) !== 'noSuchFile') throw error
      await assertAttached(channel, this.#store)
      if (doing !== 'writing') throw objectNotFound(name, this.location)
      // Someone removed a folder under our hands: all of them are made again when this is tried again.
      this.#folders.forget()
      throw new StorageError('STORE_FAILED', `a folder of ${this.location} vanished`, {
        cause: error,
        retry: 'transient',
      })
    }
  }
}

/** Waits for both; when the second fails, what the first gave is let go. */
async function bothOf<A, B>(first: Promise<A>, second: Promise<B>, release: (a: A) => Promise<void>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second])
  if (a.status === 'rejected') throw a.reason
  if (b.status === 'fulfilled') return [a.value, b.value]
  await release(a.value).catch(ignore)
  throw b.reason
}

function noStore(location: string, what: string): StorageError {
  return new StorageError('NO_REPOSITORY', `there is no repository at ${location}: it is ${what}`, {
    context: { location },
    hint: 'Check the path, or make a repository with `tidemark init`.',
  })
}

function ignore(): undefined {
  return undefined
}
