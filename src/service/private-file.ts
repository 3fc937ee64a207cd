import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

import { errnoOf, StorageError } from '../base/errors.ts'
import { makeFolders } from '../base/make-folders.ts'
import { removeQuietly } from '../base/remove-quietly.ts'

/**
 * Returns the bytes of a small file that this installation wrote, freshly allocated, or `undefined` when it is missing.
 *
 * @throws {StorageError} STORE_FAILED: it cannot be read, is no regular file, or has more than `bytesMax` bytes.
 */
export function readPrivateFile(path: string, bytesMax: number): Uint8Array | undefined {
  let descriptor: number
  try {
    // A pipe under this name must not make us wait for its writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw fileError('read', path, error)
  }
  try {
    const info = fstatSync(descriptor)
    if (!info.isFile() || info.size > bytesMax) throw notOurs(path, bytesMax)
    const bytes = new Uint8Array(info.size)
    let filled = 0
    while (filled < bytes.byteLength) {
      const count = readSync(descriptor, bytes, filled, bytes.byteLength - filled, filled)
      if (count === 0) break
      filled += count
    }
    return bytes.subarray(0, filled)
  } catch (error) {
    throw fileError('read', path, error)
  } finally {
    closeSync(descriptor)
  }
}

export interface PrivateFileOptions {
  /** An existing file is left as it is. */
  readonly exclusive?: boolean
}

/**
 * Writes a file that only its owner may read (0600), whole or not at all, and makes it durable. Missing folders are
 * made for the owner alone (0700).
 *
 * Returns whether it was written: false only with `exclusive`, when the name is taken.
 * @throws {StorageError} STORE_FAILED
 */
export function writePrivateFile(path: string, bytes: Uint8Array, options: PrivateFileOptions = {}): boolean {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`
  try {
    makeFolders(dirname(path), 0o700)
    writeDurably(temporary, bytes)
    if (options.exclusive === true) {
      // A link, unlike a rename, never replaces what another process has just made.
      linkSync(temporary, path)
      rmSync(temporary)
    } else {
      renameSync(temporary, path)
    }
    syncFolder(dirname(path))
    return true
  } catch (error) {
    removeQuietly(temporary)
    if (options.exclusive === true && errnoOf(error) === 'EEXIST') return false
    throw fileError('write', path, error)
  }
}

function writeDurably(path: string, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'wx', 0o600)
  try {
    let written = 0
    while (written < bytes.byteLength) written += writeSync(descriptor, bytes, written)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } catch {
    // Some file systems cannot sync a folder; there is no other way to ask them.
  } finally {
    closeSync(descriptor)
  }
}

function notOurs(path: string, bytesMax: number): StorageError {
  return new StorageError('STORE_FAILED', `${path} is not a file of at most ${bytesMax} bytes`, {
    context: { path },
    hint: 'Tidemark did not write it: move it away.',
  })
}

function fileError(doing: 'read' | 'write', path: string, cause: unknown): Error {
  if (cause instanceof StorageError) return cause
  const errno = errnoOf(cause)
  // Anything but the system's refusal is a bug, to be seen as one.
  if (errno === undefined) return cause instanceof Error ? cause : new Error(String(cause))
  return new StorageError('STORE_FAILED', `${path} could not be ${doing === 'read' ? 'read' : 'written'} (${errno})`, {
    context: { path, errno },
    cause,
    hint: 'Check that the folder belongs to you and that its disk has room.',
  })
}
