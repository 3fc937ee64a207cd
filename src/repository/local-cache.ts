import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { assert } from '../base/assert.ts'
import { concatBytes, utf8 } from '../base/bytes.ts'
import { errnoOf, StorageError } from '../base/errors.ts'
import { makeFolders } from '../base/make-folders.ts'
import { idBytes, type RepositoryId } from '../base/ids.ts'
import { removeQuietly } from '../base/remove-quietly.ts'
import { AEAD_TAG_BYTES, type AeadInput, open, seal, ZERO_NONCE } from '../crypto/aead.ts'
import { deriveKey } from '../crypto/blake3.ts'
import { wipe } from '../crypto/secret.ts'

const SALT_BYTES = 32
const OVERHEAD_BYTES = SALT_BYTES + AEAD_TAG_BYTES
/** What is larger was not written by this cache. */
const FILE_BYTES_MAX = 1 << 30
const TEMPORARY = '.tmp-'
const TEMPORARY_AGE_MS = 24 * 3_600_000

export interface LocalCacheOptions {
  /** The folder of all repositories' caches; made when it is not there. */
  readonly directory: string
  readonly repository: RepositoryId
  /** 32 bytes that never leave this machine; stays the caller's and is not wiped while the cache is in use. */
  readonly machineKey: Uint8Array
  /** Told once when the cache cannot be written; nothing else suffers. */
  readonly onWarning?: (warning: StorageError) => void
}

export interface CacheEntry {
  readonly name: string
  /** Size of the contents. */
  readonly bytes: number
  /** When it was written or touched, in milliseconds since 1970. */
  readonly usedMs: number
}

/**
 * Keeps what is cheaper to read here than to fetch again: one folder a repository, each file sealed under a key of this
 * machine and bound to repository and name. Losing any of it costs time, never data: what is damaged, foreign or cannot
 * be read is absent, what cannot be written is not kept.
 *
 * Shape of a file: 32-byte random salt, then ChaCha20-Poly1305 ciphertext with tag. Everything is synchronous.
 */
export class LocalCache {
  readonly #folder: string
  readonly #repository: Uint8Array
  readonly #machineKey: Uint8Array
  readonly #onWarning: ((warning: StorageError) => void) | undefined
  readonly #options: LocalCacheOptions
  #isFrozen = false
  #warned = false
  #swept = false

  private constructor(options: LocalCacheOptions) {
    assert(options.machineKey.byteLength === 32, 'a machine key has 32 bytes')
    this.#options = options
    this.#folder = join(options.directory, options.repository)
    this.#repository = idBytes(options.repository)
    this.#machineKey = options.machineKey
    this.#onWarning = options.onWarning
  }

  /** Opens the cache of a repository; the folder is made by the first write. */
  static open(options: LocalCacheOptions): LocalCache {
    return new LocalCache(options)
  }

  /** Returns the same cache, of which nothing is changed through it: for rehearsals, and for looks at another copy of the repository. */
  frozen(): LocalCache {
    const cache = new LocalCache(this.#options)
    cache.#isFrozen = true
    return cache
  }

  /** Returns what was written under `name`, freshly allocated, or `undefined`. */
  read(name: string): Uint8Array | undefined {
    return this.#read(name, (bytes) => new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer))
  }

  /**
   * Reads what was written under `name` into `out`, which has exactly its length and may lie in shared memory.
   *
   * When it returns false, `out` holds nothing of use.
   */
  readInto(name: string, out: Uint8Array): boolean {
    return this.#read(name, (bytes) => (bytes === out.byteLength ? out : undefined)) !== undefined
  }

  /** Keeps `parts`, one after the other, under `name`; tells whether it could. Others see the old file or the new. */
  write(name: string, parts: readonly Uint8Array[]): boolean {
    const path = this.#path(name)
    if (this.#isFrozen) return false
    const temporary = join(this.#folder, `${TEMPORARY}${randomBytes(12).toString('hex')}`)
    const file = this.#sealFile(name, parts)
    try {
      makeFolders(this.#folder, 0o700)
      this.#sweepTemporaries()
      writeWhole(temporary, file)
      renameSync(temporary, path)
      return true
    } catch (error) {
      removeQuietly(temporary)
      this.#warn(error)
      return false
    }
  }

  /** Notes that what is kept under `name` was used just now. */
  touch(name: string): void {
    if (this.#isFrozen) return
    try {
      const now = new Date()
      utimesSync(this.#path(name), now, now)
    } catch (error) {
      // Another process may have made room meanwhile.
      if (errnoOf(error) !== 'ENOENT') this.#warn(error)
    }
  }

  remove(name: string): void {
    if (this.#isFrozen) return
    try {
      rmSync(this.#path(name), { force: true })
    } catch (error) {
      this.#warn(error)
    }
  }

  /** Lists what is kept under names that start with `prefix`, in no order. */
  list(prefix = ''): CacheEntry[] {
    const entries: CacheEntry[] = []
    for (const name of this.#names()) {
      if (!name.startsWith(prefix) || name.startsWith(TEMPORARY)) continue
      const info = statSync(join(this.#folder, name), { throwIfNoEntry: false })
      if (info?.isFile() !== true || info.size < OVERHEAD_BYTES) continue
      entries.push({ name, bytes: info.size - OVERHEAD_BYTES, usedMs: info.mtimeMs })
    }
    return entries
  }

  /** Removes everything kept for this repository. */
  clear(): void {
    if (this.#isFrozen) return
    try {
      rmSync(this.#folder, { recursive: true, force: true })
    } catch (error) {
      this.#warn(error)
    }
  }

  #read(name: string, allocate: (bytes: number) => Uint8Array | undefined): Uint8Array | undefined {
    const file = readWhole(this.#path(name))
    if (file === undefined || file.byteLength < OVERHEAD_BYTES) return undefined
    const out = allocate(file.byteLength - OVERHEAD_BYTES)
    if (out === undefined) return undefined
    const input = this.#aead(name, file.subarray(0, SALT_BYTES))
    const authentic = open(out, file.subarray(SALT_BYTES), input)
    wipe(input.key)
    return authentic ? out : undefined
  }

  #sealFile(name: string, parts: readonly Uint8Array[]): Uint8Array {
    const plainBytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
    const file = new Uint8Array(Buffer.allocUnsafeSlow(plainBytes + OVERHEAD_BYTES).buffer)
    const salt = randomBytes(SALT_BYTES)
    file.set(salt)
    let at = SALT_BYTES
    for (const part of parts) {
      file.set(part, at)
      at += part.byteLength
    }
    const input = this.#aead(name, salt)
    // Encrypted where it lies: a base of a million entries is a hundred megabytes.
    seal(file.subarray(SALT_BYTES), file.subarray(SALT_BYTES, at), input)
    wipe(input.key)
    return file
  }

  #aead(name: string, salt: Uint8Array): AeadInput {
    return {
      key: deriveKey('tidemark v1 local cache', this.#machineKey, salt),
      nonce: ZERO_NONCE,
      associatedData: concatBytes(this.#repository, utf8(name)),
    }
  }

  #path(name: string): string {
    assert(/^[a-z0-9][a-z0-9.-]{0,127}$/.test(name), `"${name}" is a name that a cache can keep`)
    return join(this.#folder, name)
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder)
    } catch {
      return []
    }
  }

  /** Removes what a killed process left half-written, once per open cache. */
  #sweepTemporaries(): void {
    if (this.#swept) return
    this.#swept = true
    const cutMs = Date.now() - TEMPORARY_AGE_MS
    for (const name of this.#names()) {
      if (!name.startsWith(TEMPORARY)) continue
      const path = join(this.#folder, name)
      const info = statSync(path, { throwIfNoEntry: false })
      if (info !== undefined && info.mtimeMs < cutMs) rmSync(path, { force: true })
    }
  }

  #warn(cause: unknown): void {
    if (this.#warned) return
    this.#warned = true
    const errno = errnoOf(cause) ?? 'unknown'
    this.#onWarning?.(
      new StorageError('STORE_FAILED', `the local cache ${this.#folder} cannot be written (${errno})`, {
        context: { path: this.#folder, errno },
        cause,
        hint: 'Everything works without it, more slowly: make room, or choose another folder for it.',
      }),
    )
  }
}

function writeWhole(path: string, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'wx', 0o600)
  try {
    let written = 0
    while (written < bytes.byteLength) written += writeSync(descriptor, bytes, written)
  } finally {
    closeSync(descriptor)
  }
}

/** Returns a regular file's bytes, or `undefined` when there is none that can be read whole. */
function readWhole(path: string): Uint8Array | undefined {
  let descriptor: number
  try {
    // A link or a pipe under this name is not ours; opening must not wait for a pipe's writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  try {
    const info = fstatSync(descriptor)
    if (!info.isFile() || info.size > FILE_BYTES_MAX) return undefined
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(info.size).buffer)
    let read = 0
    while (read < bytes.byteLength) {
      const count = readSync(descriptor, bytes, read, bytes.byteLength - read, null)
      if (count === 0) return undefined
      read += count
    }
    return bytes
  } catch {
    return undefined
  } finally {
    closeSync(descriptor)
  }
}
