import type { RepositoryId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import { deriveKey } from '../crypto/blake3.ts'
import { wipe } from '../crypto/secret.ts'
import { encodePackHeader } from '../format/pack-header-codec.ts'
import { PACK_SALT_BYTES, type PackHeader } from '../format/pack.ts'
import type { RealmKeys } from './key-ring.ts'

const WRITER_KEY_BYTES = 32

/** A pack that is about to be filled. */
export interface NewPack {
  /** 1224 bytes. */
  readonly header: Uint8Array
  readonly salt: Uint8Array
  /** 32 bytes; the holder wipes it. */
  readonly key: Uint8Array
}

/** Returns the key of a pack: `derive_key("tidemark v1 pack key", writer key ‖ salt)`. */
export function packKeyOf(writerKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return deriveKey('tidemark v1 pack key', writerKey, salt)
}

/** A run's writer key: random, sealed to the realm, forgotten when the run ends. Every pack key of the run derives from it. */
export class RunKeys implements Disposable {
  readonly generation: number
  /** 1168 bytes, the same in every pack of the run. */
  readonly sealedWriterKey: Uint8Array
  readonly #realm: PackHeader['realm']
  readonly #writerKey: Uint8Array
  readonly #randomness: Randomness

  constructor(repository: RepositoryId, keys: RealmKeys, randomness: Randomness) {
    this.generation = keys.generation
    this.#realm = keys.realm
    this.#writerKey = randomness.bytes(WRITER_KEY_BYTES)
    this.sealedWriterKey = keys.sealWriterKey(repository, this.#writerKey)
    this.#randomness = randomness
  }

  newPack(): NewPack {
    const salt = this.#randomness.bytes(PACK_SALT_BYTES)
    const header = encodePackHeader({
      realm: this.#realm,
      generation: this.generation,
      sealedWriterKey: this.sealedWriterKey,
      salt,
    })
    return { header, salt, key: packKeyOf(this.#writerKey, salt) }
  }

  [Symbol.dispose](): void {
    wipe(this.#writerKey)
  }
}
