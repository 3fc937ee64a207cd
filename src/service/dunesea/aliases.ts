import { parseObjectId } from '../../base/ids.ts'
import { OBJECT_KINDS, type ObjectName } from '../../storage/driver.ts'
import type { Registry } from './registry.ts'

/** The SHA-256 of an object's bytes: 64 lower-case hexadecimal digits. */
export type Sha256 = string & { readonly __brand: 'Sha256' }

export function parseSha256(text: string): Sha256 | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as Sha256) : undefined
}

/** What the objects of a domain are called besides their names: the SHA-256 of their bytes. */
export class Aliases {
  readonly #registry: Registry
  readonly #domain: string

  constructor(registry: Registry, domain: string) {
    this.#registry = registry
    this.#domain = domain
  }

  add(sha256: Sha256, { kind, id }: ObjectName): void {
    const columns = [this.#domain, sha256, kind, id]
    this.#registry.change('INSERT OR REPLACE INTO aliases (domain, sha256, kind, id) VALUES (?, ?, ?, ?)', ...columns)
  }

  remove({ kind, id }: ObjectName): void {
    this.#registry.change('DELETE FROM aliases WHERE domain = ? AND kind = ? AND id = ?', this.#domain, kind, id)
  }

  /** Returns what objects had these bytes when they were stored; they may have been removed behind the server's back. */
  find(sha256: Sha256): ObjectName[] {
    const rows = this.#registry.all(
      'SELECT kind, id FROM aliases WHERE domain = ? AND sha256 = ?',
      this.#domain,
      sha256,
    )
    return rows.flatMap((row) => {
      const kind = OBJECT_KINDS.find((known) => known === row['kind'])
      const id = parseObjectId(String(row['id']))
      return kind === undefined || id === undefined ? [] : [{ kind, id }]
    })
  }

  /** Returns whether a stored backup needs the object. */
  isNeeded({ kind, id }: ObjectName): boolean {
    const found = this.#registry.first(
      `SELECT 1 FROM aliases JOIN needs USING (domain, sha256)
       WHERE aliases.domain = ? AND aliases.kind = ? AND aliases.id = ? LIMIT 1`,
      ...[this.#domain, kind, id],
    )
    return found !== undefined
  }
}
