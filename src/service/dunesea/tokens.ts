import { createHash } from 'node:crypto'

import { equalBytes, toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import type { Randomness } from '../../base/random.ts'
import type { Row } from '../state-database.ts'
import type { Registry } from './registry.ts'

const ID_BYTES = 6
const SECRET_BYTES = 32
/** Of one domain. */
const TOKENS_MAX = 64

/** The right to enter one domain. */
export interface Token {
  /** Public: names it in lists and logs. */
  readonly id: string
  readonly domain: string
  /** May store and read, never delete. */
  readonly appendOnly: boolean
}

export interface TokenRow extends Token {
  /** Milliseconds since 1970. */
  readonly createdMs: number
  /** Of its domain, in bytes; `undefined` for none. */
  readonly quotaBytes: number | undefined
}

export interface NewToken {
  readonly domain: string
  readonly appendOnly: boolean
  /** Becomes the domain's; `undefined` leaves it as it is. */
  readonly quotaBytes: number | undefined
}

/** Returns whether `text` can name a domain, which also becomes the name of a folder. */
export function isDomainName(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/.test(text) && !text.includes('..')
}

/** Who may enter. What is kept of a token is its hash: whoever reads the registry enters nowhere. */
export class Tokens {
  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /**
   * Makes a token, and its domain where that is new. The text is nowhere else: the caller hands it out.
   *
   * @throws {UsageError} BAD_ARGUMENT: no name for a domain; it has too many tokens.
   */
  add(
    { domain, appendOnly, quotaBytes }: NewToken,
    sources: { readonly clock: Clock; readonly randomness: Randomness },
  ): { readonly token: Token; readonly text: string } {
    if (!isDomainName(domain)) {
      throw new UsageError('BAD_ARGUMENT', `"${domain}" cannot be the name of a domain`, {
        hint: 'Use lower-case letters, digits, ".", "_" and "-", at most 63, such as laptop or example.org.',
      })
    }
    const id = toHex(sources.randomness.bytes(ID_BYTES))
    const text = `${id}.${Buffer.from(sources.randomness.bytes(SECRET_BYTES)).toString('base64url')}`
    const registry = this.#registry
    registry.transaction(() => {
      const count = registry.first('SELECT count(*) AS count FROM tokens WHERE domain = ?', domain)
      if (Number(count?.['count']) >= TOKENS_MAX) {
        throw new UsageError('BAD_ARGUMENT', `${domain} has ${TOKENS_MAX} tokens already`, {
          hint: 'Revoke those that nobody uses: `tidemark serve dunesea token list`.',
        })
      }
      registry.change('INSERT INTO domains (name) VALUES (?) ON CONFLICT DO NOTHING', domain)
      if (quotaBytes !== undefined) registry.change('UPDATE domains SET quota = ? WHERE name = ?', quotaBytes, domain)
      registry.change(
        'INSERT INTO tokens (id, domain, hash, append_only, created) VALUES (?, ?, ?, ?, ?)',
        ...[id, domain, hashOf(text), appendOnly ? 1 : 0, Math.floor(sources.clock.nowMs())],
      )
    })
    return { token: { id, domain, appendOnly }, text }
  }

  /** Returns all tokens, by domain and age. */
  list(): TokenRow[] {
    const rows = this.#registry.all(
      'SELECT * FROM tokens JOIN domains ON domains.name = tokens.domain ORDER BY domain, created, id',
    )
    return rows.map((row) => ({
      ...tokenOf(row),
      createdMs: Number(row['created']),
      quotaBytes: row['quota'] === null ? undefined : Number(row['quota']),
    }))
  }

  /** Ends a token; requests that have begun with it end as they would have. Returns whether there was one. */
  revoke(id: string): boolean {
    return this.#registry.change('DELETE FROM tokens WHERE id = ?', id) > 0
  }

  /** Returns the token that `text` is. Takes as long for a wrong secret as for the right one. */
  find(text: string): Token | undefined {
    if (!/^[0-9a-f]{12}\.[A-Za-z0-9_-]{43}$/.test(text)) return undefined
    const row = this.#registry.first('SELECT * FROM tokens WHERE id = ?', text.slice(0, 2 * ID_BYTES))
    const isRight = equalBytes(hashOf(text), row === undefined ? new Uint8Array(32) : (row['hash'] as Uint8Array))
    return isRight && row !== undefined ? tokenOf(row) : undefined
  }

  /** Returns how many bytes `domain` may hold; `undefined` for as many as fit. */
  quotaOf(domain: string): number | undefined {
    const quota = this.#registry.first('SELECT quota FROM domains WHERE name = ?', domain)?.['quota']
    return typeof quota === 'number' ? quota : undefined
  }
}

function tokenOf(row: Row): Token {
  return { id: String(row['id']), domain: String(row['domain']), appendOnly: row['append_only'] === 1 }
}

/** Of 256 random bits nothing can be guessed: a plain hash is enough. */
function hashOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}
