import { Blake3Hasher } from '@napi-rs/blake-hash'
import type { ObjectId } from '../base/ids.ts'
import { assert } from '../base/assert.ts'

const BLAKE3_BYTES = 32

// A hasher costs sixteen times what a short hash does. One is enough: nothing here waits between reset and digest.
const plain = new Blake3Hasher()

/** The addon takes every Uint8Array, only its types do not say so; a Buffer made for each short input would cost more. */
function asBuffer(bytes: Uint8Array): Buffer {
  return bytes as Buffer
}

function updateAll(hasher: Blake3Hasher, parts: readonly Uint8Array[]): Blake3Hasher {
  for (const part of parts) hasher.update(asBuffer(part))
  return hasher
}

function digestOf(hasher: Blake3Hasher): Uint8Array {
  return new Uint8Array(hasher.digestBuffer())
}

/** Returns the BLAKE3-256 of `parts`, one after the other: 32 bytes, freshly allocated. */
export function blake3(...parts: readonly Uint8Array[]): Uint8Array {
  plain.reset()
  return digestOf(updateAll(plain, parts))
}

/** Returns the name that `parts`, one after the other, have as a stored object. */
export function objectIdOf(...parts: readonly Uint8Array[]): ObjectId {
  plain.reset()
  return updateAll(plain, parts).digest('hex') as ObjectId
}

/** Returns the BLAKE3-256 of `parts`, one after the other, under a 32-byte key: 32 bytes, freshly allocated. */
export function keyedBlake3(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return digestOf(updateAll(newKeyed(key), parts))
}

/**
 * Returns BLAKE3's `derive_key(context, parts one after the other)`: 32 bytes, freshly allocated; the caller wipes them.
 *
 * All parts but the last have a fixed length, or two inputs could be one.
 */
export function deriveKey(context: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const digest = updateAll(Blake3Hasher.newDeriveKey(context), parts).digestBuffer()
  const key = new Uint8Array(digest)
  digest.fill(0)
  return key
}

function newKeyed(key: Uint8Array): Blake3Hasher {
  assert(key.byteLength === BLAKE3_BYTES, 'a BLAKE3 key has 32 bytes')
  return Blake3Hasher.newKeyed(Buffer.from(key.buffer, key.byteOffset, key.byteLength))
}

/** Names an object whose bytes come piece by piece. */
export class ObjectHasher {
  readonly #hasher = new Blake3Hasher()

  update(bytes: Uint8Array): void {
    this.#hasher.update(asBuffer(bytes))
  }

  /** Returns the name of what came since the last call. */
  finish(): ObjectId {
    const id = this.#hasher.digest('hex') as ObjectId
    this.#hasher.reset()
    return id
  }
}

/** Hashes many short inputs under one key, at a sixteenth of the cost of `keyedBlake3`. Not for two users at once. */
export class KeyedHasher {
  readonly #hasher: Blake3Hasher
  readonly #digest = Buffer.alloc(BLAKE3_BYTES)

  /** Copies what it needs of `key`, 32 bytes. */
  constructor(key: Uint8Array) {
    this.#hasher = newKeyed(key)
  }

  /** Writes the 32-byte keyed hash of `data` to `out` at `offset`; both may lie in shared memory. */
  hashInto(out: Uint8Array, offset: number, data: Uint8Array): void {
    this.#hasher.reset()
    this.#hasher.update(asBuffer(data))
    // Crossing back as a string is far cheaper than as a new Buffer.
    this.#digest.write(this.#hasher.digest('hex'), 'hex')
    out.set(this.#digest, offset)
  }

  /** Returns the keyed hash of `data`, freshly allocated. */
  hash(data: Uint8Array): Uint8Array {
    const out = new Uint8Array(BLAKE3_BYTES)
    this.hashInto(out, 0, data)
    return out
  }

  /** Returns the keyed hash of `data` as 64 lower-case hexadecimal digits. */
  hashHex(data: Uint8Array): string {
    this.#hasher.reset()
    return this.#hasher.update(asBuffer(data)).digest('hex')
  }
}
