import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { byteString } from '../../base/byte-string.ts'
import { freeBytes } from '../../base/free-bytes.ts'
import { BLOB_BYTES_MAX } from '../../base/limits.ts'
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../base/posix/constants.ts'
import { errno, errnoName } from '../../base/posix/errno.ts'
import { addressOf, libc } from '../../base/posix/libc.ts'
import { statusOf } from '../../base/posix/statx.ts'
import { wipe } from '../../crypto/secret.ts'
import { BlobIndex, type BlobIndexGrowth } from '../../repository/blob-index.ts'
import { PackSlabs } from '../../repository/pack-slabs.ts'
import { Chunker } from '../chunker/chunker.ts'
import { openLongPath } from '../scan/open-long-path.ts'
import type { TeamMember, TeamResult, Tell } from '../workers/team-protocol.ts'
import {
  type BackupJob,
  type BackupSetup,
  type BytesJob,
  type ChunksJob,
  type ChunksResult,
  type FileExtras,
  type FilesJob,
  type FilesResult,
  OUTCOME_FAILED,
  OUTCOME_WORDS,
} from './backup-jobs.ts'
import { FileReader } from './file-reader.ts'
import { filesInReadingOrder } from './reading-order.ts'
import { FrameBuilder } from './frame-builder.ts'
import { OpenAhead } from './open-ahead.ts'
import { IdList } from './id-list.ts'

/** Content of one file that a thread has before it at once: the longest chunk, and so much that reads are worth it. */
const WINDOW_BYTES = BLOB_BYTES_MAX + (512 << 10)

/** What a member says unasked: a slab is full, or it waits until memory is added to the index. */
export type BackupTold = { readonly full: number } | { readonly needsRoom: true }

/** One thread's part in a backup: reads files and chunks, and seals what is new. */
class BackupMember implements TeamMember {
  readonly #index: BlobIndex
  readonly #frames: FrameBuilder
  readonly #files: FileReader
  readonly #ids = new IdList()
  readonly #setup: BackupSetup
  #chunker: Chunker | undefined

  constructor(setup: BackupSetup, growth: MessagePort, tell: Tell) {
    this.#setup = setup
    this.#index = BlobIndex.attach(setup.index)
    this.#index.onBehind = () => takeGrowth(this.#index, growth)
    this.#index.onFull = () => tell({ needsRoom: true } satisfies BackupTold)
    const slabs = new PackSlabs(setup.slabs, (full) => tell({ full } satisfies BackupTold))
    const { repository, idKey } = setup
    this.#frames = new FrameBuilder({ repository, idKey, index: this.#index, slabs, rawBytesMax: BLOB_BYTES_MAX })
    const chunker = (): Chunker => (this.#chunker ??= new Chunker(setup.chunkerSeed, setup.chunker, WINDOW_BYTES))
    this.#files = new FileReader({ frames: this.#frames, chunker, ids: this.#ids })
  }

  handle(job: BackupJob): TeamResult {
    if (this.#index.isBehind) this.#index.onBehind?.()
    this.#ids.truncate(0)
    switch (job.type) {
      case 'files':
        return this.#readFiles(job)
      case 'chunks':
        return this.#readChunks(job)
      case 'bytes':
        return this.#storeBytes(job)
      case 'flush':
        this.#frames.flush()
        return { result: undefined }
    }
  }

  close(): void {
    wipe(this.#setup.idKey, this.#setup.chunkerSeed)
  }

  #readFiles({ groups, names, rows }: FilesJob): TeamResult {
    const files = filesInReadingOrder(groups, names)
    const outcomes = new Int32Array(files.length * OUTCOME_WORDS)
    const extras = new Map<number, FileExtras>()
    const problems = new Map<number, string>()
    const namesAddress = addressOf(names)
    const directories = groups.map(({ path, ino }) => openGroup(path, ino))
    this.#files.bytesRead = 0
    this.#files.rowsChanged = false
    using ahead = new OpenAhead(
      files.map(({ group, name }) => ({
        directory: directories[group] ?? { problem: 'ENOENT' },
        name: namesAddress + name,
      })),
    )
    for (const { row } of files) {
      const idsBefore = this.#ids.count
      const file = ahead.next()
      const read =
        typeof file === 'number'
          ? this.#files.read(file, rows, row)
          : { outcome: OUTCOME_FAILED, problem: file.problem }
      outcomes.set([read.outcome, this.#ids.count - idsBefore, idsBefore], row * OUTCOME_WORDS)
      if (read.problem !== undefined) problems.set(row, read.problem)
      if (read.extras !== undefined) extras.set(row, read.extras)
    }
    for (const dirfd of directories) if (typeof dirfd === 'number') libc().close(dirfd)
    const ids = this.#ids.slice()
    const { bytesRead, rowsChanged } = this.#files
    const result: FilesResult = { rows: rowsChanged ? rows : undefined, outcomes, ids, extras, problems, bytesRead }
    return { result, transfer: [ids.buffer as ArrayBuffer, outcomes.buffer] }
  }

  #readChunks({ path, ino, ranges }: ChunksJob): TeamResult {
    // A pipe that took the place of the file must not be waited for.
    const fd = openPath(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    if (fd < 0) return chunksFailed(errnoName(errno()))
    try {
      if (!isInode(fd, ino)) return chunksFailed('ENOENT')
      const buffer = this.#buffer()
      let bytesRead = 0
      for (let i = 0; i < ranges.length; i += 2) {
        const [offset = 0, length = 0] = ranges.subarray(i, i + 2)
        const chunk = buffer.subarray(0, length)
        const problem = readFully(fd, chunk, offset)
        if (problem !== undefined) return chunksFailed(problem)
        bytesRead += length
        const at = this.#ids.next()
        this.#frames.addAlone(chunk, this.#ids.bytes, at)
      }
      const result: ChunksResult = { ids: this.#ids.slice(), problem: undefined, bytesRead }
      return { result }
    } finally {
      libc().close(fd)
    }
  }

  #storeBytes({ bytes, lengths, frames }: BytesJob): TeamResult {
    let start = 0
    for (const length of lengths) {
      const at = this.#ids.next()
      const chunk = bytes.subarray(start, start + length)
      if (frames === 'alone') this.#frames.addAlone(chunk, this.#ids.bytes, at)
      else this.#frames.addShared(chunk, this.#ids.bytes, at)
      start += length
    }
    freeBytes(bytes)
    const result: ChunksResult = { ids: this.#ids.slice(), problem: undefined, bytesRead: start }
    return { result }
  }

  #chunkBuffer: Uint8Array | undefined
  #buffer(): Uint8Array {
    return (this.#chunkBuffer ??= new Uint8Array(BLOB_BYTES_MAX))
  }
}

/** Joins a backup with what the leader sent. */
export function createBackupMember(setup: unknown, tell: Tell): TeamMember {
  const { growth, ...rest } = setup as BackupSetup & { growth: MessagePort }
  const member = new BackupMember(rest, growth, tell)
  return { handle: (job) => member.handle(job as BackupJob), close: () => member.close() }
}

/** Takes in all growth that waits; a thread is told of memory before it is told that it may be used. */
function takeGrowth(index: BlobIndex, port: MessagePort): void {
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: BlobIndexGrowth } | undefined
    if (received === undefined) return
    index.grow(received.message)
  }
}

function openPath(path: Uint8Array, flags: number): number {
  const terminated = new Uint8Array(path.byteLength + 1)
  terminated.set(path)
  const fd = libc().openat(AT_FDCWD, terminated, flags, 0)
  if (fd >= 0 || errnoName(errno()) !== 'ENAMETOOLONG') return fd
  return openLongPath(byteString(path), flags)
}

/** Opens the directory of a group if it still is the one that was scanned. */
function openGroup(path: Uint8Array, ino: readonly [number, number]): number | { problem: string } {
  const fd = openPath(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  if (fd < 0) return { problem: errnoName(errno()) }
  if (isInode(fd, ino)) return fd
  libc().close(fd)
  return { problem: 'ENOENT' }
}

function isInode(fd: number, [low, high]: readonly [number, number]): boolean {
  const { ino } = statusOf(fd)
  return ino === (BigInt(high >>> 0) << 32n) + BigInt(low >>> 0)
}

function readFully(fd: number, out: Uint8Array, offset: number): string | undefined {
  for (let done = 0; done < out.byteLength;) {
    const length = libc().pread(fd, out.subarray(done), out.byteLength - done, offset + done)
    if (length < 0) return errnoName(errno())
    if (length === 0) return 'changed'
    done += length
  }
  return undefined
}

function chunksFailed(problem: string): TeamResult {
  const result: ChunksResult = { ids: new Uint8Array(0), problem, bytesRead: 0 }
  return { result }
}
