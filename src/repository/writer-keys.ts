import { toHex } from '../base/bytes.ts'
import type { RepositoryId } from '../base/ids.ts'
import { blake3 } from '../crypto/blake3.ts'
import { wipe } from '../crypto/secret.ts'
import type { RealmKeys } from './key-ring.ts'
import type { LocalCache } from './local-cache.ts'
import type { WriterKeyRow } from './pack-table.ts'
import { packKeyOf } from './run-keys.ts'

const PREFIX = 'writer-key-'
const KEY_BYTES = 32

export interface WriterKeysOptions {
  readonly repository: RepositoryId
  readonly realm: RealmKeys
  /** Keeps opened keys, sealed, so that the next process saves the decapsulations. */
  readonly cache: LocalCache | undefined
}

/** Opens the writer keys of runs, each once. Disposing of it wipes them. */
export class WriterKeys implements Disposable {
  readonly #options: WriterKeysOptions
  readonly #opened = new Map<string, Uint8Array>()

  constructor(options: WriterKeysOptions) {
    this.#options = options
  }

  /**
   * Returns the key of a pack, 32 bytes; the caller wipes it.
   *
   * @throws {KeyError} KEY_NOT_FULL, WRONG_KEY
   * @throws {IntegrityError} AUTH_FAILED: the writer key was not sealed to this realm and repository.
   */
  packKey(writerKey: WriterKeyRow, salt: Uint8Array): Uint8Array {
    return packKeyOf(this.#open(writerKey), salt)
  }

  /** Forgets kept keys that none of `rows` needs. */
  forgetAllBut(rows: readonly WriterKeyRow[]): void {
    const { cache } = this.#options
    const needed = new Set(rows.map(nameOf))
    for (const { name } of cache?.list(PREFIX) ?? []) if (!needed.has(name)) cache?.remove(name)
  }

  [Symbol.dispose](): void {
    wipe(...this.#opened.values())
    this.#opened.clear()
  }

  #open(row: WriterKeyRow): Uint8Array {
    const name = nameOf(row)
    const known = this.#opened.get(name)
    if (known !== undefined) return known
    const opened = this.#read(name, row)
    this.#opened.set(name, opened)
    return opened
  }

  #read(name: string, { generation, sealed }: WriterKeyRow): Uint8Array {
    const { repository, realm, cache } = this.#options
    const kept = cache?.read(name)
    if (kept?.byteLength === KEY_BYTES) return kept
    const key = realm.openWriterKey(repository, generation, sealed)
    cache?.write(name, [key])
    return key
  }
}

function nameOf({ generation, sealed }: WriterKeyRow): string {
  return `${PREFIX}${generation}-${toHex(blake3(sealed).subarray(0, 16))}`
}
