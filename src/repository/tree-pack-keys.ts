import { toHex } from '../base/bytes.ts'
import { wipe } from '../crypto/secret.ts'
import type { LocalCache } from './local-cache.ts'
import type { PackTable } from './pack-table.ts'

const PREFIX = 'tree-key-'
const KEY_BYTES = 32
const SALT_NAME_BYTES = 16

/**
 * Keys of the packs of trees that this machine wrote with a key that reads nothing back. With them its next backup takes
 * over the entries of a changed directory instead of reading all its files again. They open no content of files, and
 * are kept nowhere but here.
 *
 * @see docs/decisions/0049-what-a-backup-only-machine-keeps.md
 */
export class TreePackKeys implements Disposable {
  readonly #cache: LocalCache | undefined
  /** By the name of the pack's salt. */
  readonly #keys = new Map<string, Uint8Array>()

  constructor(cache: LocalCache | undefined) {
    this.#cache = cache
  }

  /** Keeps a copy of the key of a pack that is being written; `salt` is the pack's. */
  keep(salt: Uint8Array, key: Uint8Array): void {
    const name = nameOf(salt)
    this.#keys.set(name, Uint8Array.from(key))
    this.#cache?.write(name, [key])
  }

  /** Returns the key of a pack, 32 bytes, the caller's to wipe; `undefined` when this machine did not write it. */
  read(salt: Uint8Array): Uint8Array | undefined {
    const name = nameOf(salt)
    const known = this.#keys.get(name)
    if (known !== undefined) return Uint8Array.from(known)
    const kept = this.#cache?.read(name)
    return kept?.byteLength === KEY_BYTES ? kept : undefined
  }

  /** Forgets the keys of packs that no index names any more. */
  forgetAllBut(packs: PackTable): void {
    const kept = this.#cache?.list(PREFIX) ?? []
    if (kept.length === 0) return
    const needed = new Set<string>()
    for (let row = 0; row < packs.size; row++) {
      const pack = packs.at(row)
      if (pack?.kind === 'tree') needed.add(nameOf(pack.salt))
    }
    for (const { name } of kept) if (!needed.has(name)) this.#cache?.remove(name)
  }

  [Symbol.dispose](): void {
    wipe(...this.#keys.values())
    this.#keys.clear()
  }
}

function nameOf(salt: Uint8Array): string {
  return `${PREFIX}${toHex(salt.subarray(0, SALT_NAME_BYTES))}`
}
