import ssh2, { type Client, type FileEntryWithStats, type SFTPWrapper, type Stats } from 'ssh2'

import { concatBytes } from '../../src/base/bytes.ts'
import type { StoreSpace } from '../../src/storage/driver.ts'
import { openChannel, type OpenedChannel, openFirstChannel } from './open-channel.ts'
import { SftpFailure, type SftpStatus, statusOf } from './sftp-errors.ts'

/** What OpenSSH takes and gives in one message (limits@openssh.com); what a server takes less of is divided further. */
const MESSAGE_BYTES = 255 * 1024
/** How much of one file is on its way at once over one channel: 100 MB/s at a round trip of 40 ms, for so much memory. */
const MESSAGES_AT_ONCE = 16
/** The same over each of several, which share the line: what fills the two megabytes that a server takes on a channel before it answers. */
const SHARED_MESSAGES_AT_ONCE = 7
/** A server tells a hundred names in an answer; most folders are told by two answers and the word that it was all. */
const FOLDER_READS_AT_ONCE = 3
/** Answers of a server that does not do what was asked. */
const REFUSALS: readonly SftpStatus[] = ['permissionDenied', 'failure', 'unsupported']
/** What every server takes in one message. */
const SMALL_BYTES = 32 * 1024

export interface FolderContent {
  readonly entries: readonly FileEntryWithStats[]
  /** How often more was asked for, at least once. */
  readonly rounds: number
}

/** What is written to a file, or to one part of it, while other channels write the rest. */
export interface FileContent {
  /** One after the other. */
  readonly parts: readonly Uint8Array[]
  /** Where in the file they begin, where it is shared. */
  readonly sharedOffset?: number
  /** The mode that the file has once it is written, where it is another one. */
  readonly mode?: number
}

/** How a file is opened: a new one by `create`, which fails when there is one, or by several channels, each with `share`. */
const OPENING = {
  read: ssh2.utils.sftp.OPEN_MODE.READ,
  create: ssh2.utils.sftp.OPEN_MODE.WRITE | ssh2.utils.sftp.OPEN_MODE.CREAT | ssh2.utils.sftp.OPEN_MODE.EXCL,
  share: ssh2.utils.sftp.OPEN_MODE.WRITE | ssh2.utils.sftp.OPEN_MODE.CREAT,
}

/** One SFTP channel of a connection. Every call that the server refuses or never answers rejects with an `SftpFailure`. */
export class SftpChannel {
  readonly #sftp: SFTPWrapper
  /** Resolves once the server has told what it can do. */
  readonly #ready: Promise<unknown>
  /** Ends the calls that are waiting for an answer. */
  readonly #waiting = new Set<(gone: SftpFailure) => void>()
  readonly #onEnd: (() => void)[] = []
  #gone: SftpFailure | undefined
  #isOpen = false
  /**
   * Whether the server does what it is asked for on this channel in that very order, each call after the one before, as
   * OpenSSH's does. The protocol promises it for what concerns one file only.
   */
  readonly inOrder: boolean

  private constructor(client: Client, { sftp, ready, inOrder }: OpenedChannel & { readonly inOrder: boolean }) {
    this.#sftp = sftp
    this.#ready = ready
    this.inOrder = inOrder
    // ssh2 leaves calls without an answer that are made when the connection has just broken.
    const end = (): void => {
      if (this.#gone !== undefined) return
      this.#gone = new SftpFailure(new Error('the connection was closed'))
      for (const giveUp of this.#waiting) giveUp(this.#gone)
      for (const tell of this.#onEnd) tell()
    }
    sftp.on('close', end)
    client.on('close', end)
    // Its calls are told; without a listener it would end the process.
    sftp.on('error', () => undefined)
  }

  /** How many calls are waiting for an answer. */
  get calls(): number {
    return this.#waiting.size
  }

  /** Whether the server ever answered a call. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Calls `tell` once the channel takes no more calls. */
  onEnd(tell: () => void): void {
    this.#onEnd.push(tell)
  }

  static async open(client: Client, inOrder: boolean): Promise<SftpChannel> {
    return new SftpChannel(client, { ...(await openChannel(client)), inOrder })
  }

  /**
   * Returns the first channel of a connection to OpenSSH, before the server has opened it; `undefined` where that cannot be. Calls
   * `wrong` where the server opens it otherwise: the connection is of no use then.
   */
  static openFirst(client: Client, wrong: () => void): SftpChannel | undefined {
    const opened = openFirstChannel(client, wrong)
    return opened === undefined ? undefined : new SftpChannel(client, { ...opened, inOrder: true })
  }

  async openFile(path: string, how: keyof typeof OPENING, mode: number): Promise<Buffer> {
    return this.#call((done) => this.#sftp.open(path, OPENING[how], { mode }, done))
  }

  async close(handle: Buffer): Promise<void> {
    await this.#finish((done) => this.#sftp.close(handle, done))
  }

  /** Makes a file durable. Returns whether the server can. */
  async sync(handle: Buffer): Promise<boolean> {
    try {
      await this.#call<unknown>((done) => this.#sftp.ext_openssh_fsync(handle, done))
      return true
    } catch (error) {
      if (statusOf(error) === 'unsupported') return false
      throw error
    }
  }

  /**
   * Writes `content` to a file, makes it durable where the server can, and closes the file, whatever comes. What the server
   * does with one file it does in the order in which it is asked.
   * @see draft-ietf-secsh-filexfer-02, 6.1
   */
  async writeFile(handle: Buffer, content: FileContent, signal: AbortSignal | undefined): Promise<void> {
    const bytes = content.parts.reduce((sum, part) => sum + part.byteLength, 0)
    const writing = this.#write(handle, content, signal)
    // A longer one may go out in several messages, each after the answer to the one before.
    if (bytes > SMALL_BYTES) await writing.catch(() => undefined)
    const { mode } = content
    const protecting = mode === undefined ? undefined : this.#protect(handle, mode)
    const ended = await Promise.allSettled([writing, protecting, this.sync(handle), this.close(handle)])
    for (const end of ended) if (end.status === 'rejected') throw end.reason
    signal?.throwIfAborted()
  }

  /** A server that lets nobody change modes takes files all the same. */
  async #protect(handle: Buffer, mode: number): Promise<void> {
    try {
      await this.#finish((done) => this.#sftp.fchmod(handle, mode, done))
    } catch (error) {
      const status = statusOf(error)
      if (status === undefined || !REFUSALS.includes(status)) throw error
    }
  }

  async #write(handle: Buffer, { parts, sharedOffset }: FileContent, signal: AbortSignal | undefined): Promise<void> {
    const [atOnce, start] = sharedOffset === undefined ? [MESSAGES_AT_ONCE, 0] : [SHARED_MESSAGES_AT_ONCE, sharedOffset]
    await inTurns(messagesOf(parts), atOnce, async ({ bytes, offset }) => {
      signal?.throwIfAborted()
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      await this.#finish((done) => this.#sftp.write(handle, buffer, 0, buffer.byteLength, start + offset, done))
    })
  }

  /**
   * Fills `into` with the file's bytes from `offset` on, many messages at a time. Returns how many there were, in one
   * piece from the beginning.
   */
  async read(handle: Buffer, into: Buffer, offset: number, signal: AbortSignal | undefined): Promise<number> {
    let end = into.byteLength
    await inTurns(rangesOf(into.byteLength), MESSAGES_AT_ONCE, async ({ start, length }) => {
      for (let done = 0; done < length && start + done < end;) {
        signal?.throwIfAborted()
        const read = await this.#readOnce(handle, into, { at: start + done, length: length - done, offset })
        if (read === 0) end = Math.min(end, start + done)
        done += read
      }
    })
    return end
  }

  async lstat(path: string): Promise<Stats> {
    return this.#call((done) => this.#sftp.lstat(path, done))
  }

  async stat(path: string): Promise<Stats> {
    return this.#call((done) => this.#sftp.stat(path, done))
  }

  async openFolder(path: string): Promise<Buffer> {
    return this.#call<Buffer>((done) => this.#sftp.opendir(path, done))
  }

  /**
   * Reads what is left of an opened folder and closes it, whatever comes. Asks for more before it knows whether there is
   * any: an answer each would cost a round trip each.
   */
  async readFolder(handle: Buffer): Promise<FolderContent> {
    const entries: FileEntryWithStats[] = []
    try {
      for (let rounds = 1; ; rounds++) {
        const reads = Array.from({ length: FOLDER_READS_AT_ONCE }, () => this.#readFolderOnce(handle))
        let isAll = false
        for (const answer of await Promise.allSettled(reads)) {
          if (answer.status === 'rejected') throw answer.reason
          if (answer.value === undefined) isAll = true
          else entries.push(...answer.value)
        }
        if (isAll) return { entries: entries.filter(({ filename }) => filename !== '.' && filename !== '..'), rounds }
      }
    } finally {
      // Nobody waits for it: a handle that stays open goes with the channel.
      this.close(handle).catch(() => undefined)
    }
  }

  async makeFolder(path: string, mode: number): Promise<void> {
    await this.#finish((done) => this.#sftp.mkdir(path, { mode }, done))
  }

  /** Gives a file another name. With OpenSSH never over another file; the protocol asks for that of every server. */
  async rename(from: string, to: string): Promise<void> {
    await this.#finish((done) => this.#sftp.rename(from, to, done))
  }

  async unlink(path: string): Promise<void> {
    await this.#finish((done) => this.#sftp.unlink(path, done))
  }

  /** Returns the space left, or `undefined` where the server does not tell. */
  async space(path: string): Promise<StoreSpace | undefined> {
    try {
      await this.#ready
      const info: unknown = await this.#call<unknown>((done) => this.#sftp.ext_openssh_statvfs(path, done))
      return spaceOf(info)
    } catch (error) {
      if (statusOf(error) === 'unsupported') return undefined
      throw error
    }
  }

  /** Some more of a folder; `undefined` once there is no more. */
  async #readFolderOnce(handle: Buffer): Promise<FileEntryWithStats[] | undefined> {
    try {
      return await this.#call((done) => this.#sftp.readdir(handle, done))
    } catch (error) {
      if (statusOf(error) === 'endOfFile') return undefined
      throw error
    }
  }

  async #readOnce(
    handle: Buffer,
    into: Buffer,
    { at, length, offset }: { at: number; length: number; offset: number },
  ): Promise<number> {
    try {
      return await this.#call<number>((done) => this.#sftp.read(handle, into, at, length, offset + at, done))
    } catch (error) {
      if (statusOf(error) === 'endOfFile') return 0
      throw error
    }
  }

  /** A call whose answer says only that it was done. */
  async #finish(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    await this.#call<undefined>((done) => start((error) => done(error, undefined)))
  }

  async #call<T>(start: (done: (error: Error | null | undefined, result: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#gone)
      const giveUp = reject
      this.#waiting.add(giveUp)
      const settle = (error: Error | null | undefined, result: T): void => {
        this.#waiting.delete(giveUp)
        const failure = error === undefined || error === null ? undefined : new SftpFailure(error)
        this.#isOpen ||= failure === undefined || failure.status !== undefined
        if (failure === undefined) resolve(result)
        else reject(failure)
      }
      try {
        start(settle)
      } catch (error) {
        this.#waiting.delete(giveUp)
        // ssh2 itself throws for an extension that the server did not announce.
        if (error instanceof Error && /not support this extended request/.test(error.message)) {
          reject(new SftpFailure(error, 'unsupported'))
        } else {
          throw error
        }
      }
    })
  }
}

function spaceOf(info: unknown): StoreSpace | undefined {
  if (typeof info !== 'object' || info === null) return undefined
  const { f_frsize: unit, f_bavail: free, f_blocks: total } = info as Record<string, unknown>
  if (typeof unit !== 'number' || typeof free !== 'number' || typeof total !== 'number') return undefined
  return { free: unit * free, total: unit * total }
}

/** Divides long parts and joins short ones, so that every message is full. */
function* messagesOf(parts: readonly Uint8Array[]): Generator<{ bytes: Uint8Array; offset: number }> {
  let offset = 0
  let pieces: Uint8Array[] = []
  let filled = 0
  for (const part of parts) {
    for (let start = 0; start < part.byteLength;) {
      const piece = part.subarray(start, start + MESSAGE_BYTES - filled)
      pieces.push(piece)
      filled += piece.byteLength
      start += piece.byteLength
      if (filled < MESSAGE_BYTES) continue
      yield { bytes: joined(pieces), offset }
      offset += filled
      pieces = []
      filled = 0
    }
  }
  if (filled > 0) yield { bytes: joined(pieces), offset }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces
  return only !== undefined && pieces.length === 1 ? only : concatBytes(...pieces)
}

function* rangesOf(total: number): Generator<{ start: number; length: number }> {
  for (let start = 0; start < total; start += MESSAGE_BYTES) {
    yield { start, length: Math.min(MESSAGE_BYTES, total - start) }
  }
}

/** Does `act` for every item, so many at once; the first failure ends it once all that began have settled. */
async function inTurns<T>(items: Iterable<T>, atOnce: number, act: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  let failure: { readonly error: unknown } | undefined
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      if (failure !== undefined) return
      try {
        await act(next.value)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  if (failure !== undefined) throw failure.error
}
