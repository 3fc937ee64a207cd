import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'

import { toHex } from '../../src/base/bytes.ts'
import { errnoOf } from '../../src/base/errors.ts'
import { hasEnded, processTag } from '../../src/base/process-identity.ts'
import { systemRandomness } from '../../src/base/random.ts'
import type { Leftover } from '../../src/storage/driver.ts'
import { isWorthWritingDirectly, writeDirectly } from './direct-write.ts'

/** The folder below a store's root where objects are written before they get their name. */
export const TEMPORARY_FOLDER = 'tmp'

/** An object never changes: without write permission, not even a careless program of its owner changes it. */
const OBJECT_MODE = 0o400
const LEFT_OVER_MS = 24 * 3600_000
/** Sixteen random bytes, and who writes, where that is known. */
const NAME = /^[0-9a-f]{32}(?:-(.+))?$/

/** A file that is whole and durable but does not have its name yet. */
export interface TemporaryFile {
  readonly path: string
  /** Milliseconds since 1970 by the file system's own clock. */
  readonly writtenMs: number
}

export interface WriteOptions {
  /** Whether the file system takes transfers past the page cache. */
  readonly direct: boolean
  readonly signal: AbortSignal | undefined
}

/**
 * Writes `content`, pieces as they come or all at once, to a file of its own below `root`'s temporary folder, and syncs
 * it. The caller gives it a name or removes it; after a failure nothing is left.
 */
export async function writeTemporaryFile(
  root: string,
  content: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  { direct, signal }: WriteOptions,
): Promise<TemporaryFile> {
  const path = join(root, TEMPORARY_FOLDER, temporaryName())
  if (direct && !(Symbol.asyncIterator in content) && isWorthWritingDirectly(content)) {
    try {
      return await writeFile(path, constants.O_DIRECT, (file) => writeDirectly(file, content, signal))
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error
      // A file system that refuses to open it so has made it all the same.
      await removeTemporaryFile(path)
    }
  }
  return writeFile(path, 0, (file) => writeContent(file, content, signal))
}

async function writeFile(
  path: string,
  moreFlags: number,
  write: (file: FileHandle) => Promise<void>,
): Promise<TemporaryFile> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const file = await open(path, flags | moreFlags, OBJECT_MODE)
  try {
    await write(file)
    await file.sync()
    const { mtimeMs } = await file.stat()
    // Network file systems report what did not fit when the file is closed.
    await file.close()
    return { path, writtenMs: mtimeMs }
  } catch (error) {
    await file.close().catch(ignore)
    await removeTemporaryFile(path)
    throw error
  }
}

function temporaryName(): string {
  const random = toHex(systemRandomness.bytes(16))
  const writer = processTag()
  return writer === undefined ? random : `${random}-${writer}`
}

/** Removes a temporary file; one that stays is swept later. */
export async function removeTemporaryFile(path: string): Promise<void> {
  await unlink(path).catch(ignore)
}

/**
 * Removes the temporary files that crashed writers left behind: of this machine, those whose process has ended; of
 * others, those written more than a day before `nowMs`, which is the file system's time: on a network its clock need not
 * agree with ours. What cannot be removed stays.
 */
export async function sweepTemporaryFiles(root: string, nowMs: number): Promise<void> {
  const folder = join(root, TEMPORARY_FOLDER)
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const [isOurs, writer] = NAME.exec(name) ?? []
    if (isOurs === undefined) continue
    const path = join(folder, name)
    const info = await lstat(path).catch(ignore)
    if (info?.isFile() !== true) continue
    const hasWriterEnded = writer === undefined ? undefined : hasEnded(writer)
    if (hasWriterEnded ?? info.mtimeMs < nowMs - LEFT_OVER_MS) await removeTemporaryFile(path)
  }
}

/** Yields the temporary files that are there, whoever wrote them, with their paths. */
export async function* temporaryFiles(root: string): AsyncGenerator<Leftover> {
  const folder = join(root, TEMPORARY_FOLDER)
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const path = join(folder, name)
    const info = await lstat(path).catch(ignore)
    if (info?.isFile() === true) yield { path, bytes: info.size }
  }
}

async function writeContent(
  file: FileHandle,
  content: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!(Symbol.asyncIterator in content)) {
    await writeAll(file, content)
    signal?.throwIfAborted()
    return
  }
  for await (const piece of content) {
    signal?.throwIfAborted()
    await writeAll(file, [piece])
  }
  signal?.throwIfAborted()
}

/** One system call in all but rare cases: a regular file takes what it is given unless its disk is nearly full. */
async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  let left = parts.filter((part) => part.byteLength > 0)
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left)
    let whole = 0
    for (const part of left) {
      if (bytesWritten < part.byteLength) break
      bytesWritten -= part.byteLength
      whole++
    }
    const [torn, ...rest] = left.slice(whole)
    left = torn === undefined ? [] : [torn.subarray(bytesWritten), ...rest]
  }
}

function ignore(): undefined {
  return undefined
}
