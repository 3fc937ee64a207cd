import { z } from 'zod'

import type { Sha256 } from './aliases.ts'
import { METADATA_BYTES_MAX, NEEDED_OBJECTS_MAX } from './limits.ts'
import type { Registry } from './registry.ts'

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a SHA-256 of 64 lower-case hexadecimal digits is expected')
  .transform((text) => text as Sha256)

/** Name of an instance of a domain. */
export const instanceSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-" are expected, at most 64')
  .default('default')

/** What a client says of a backup that it made: the server believes none of it but that the objects are there. */
export const backupSchema = z
  .strictObject({
    instance: instanceSchema,
    uuid: z.uuid(),
    date: z.iso.datetime({ offset: true }),
    type: z.enum(['full', 'incremental']),
    /** In bytes. */
    size: z.int().nonnegative(),
    /** Names the backup: the SHA-256 of its blob, or of the first of its objects. */
    hash: sha256,
    /** The hash of the backup that an incremental one builds on. */
    parent: sha256.nullable(),
    /** All that must be there to restore it, besides its parent's. */
    objects: z.array(sha256).max(NEEDED_OBJECTS_MAX),
    /** Encrypted by the client. */
    metadata: z.base64().max(METADATA_BYTES_MAX),
  })
  .refine(({ type, parent }) => (type === 'full') === (parent === null), {
    path: ['parent'],
    message: 'an incremental backup names its parent, a full one has none',
  })

export type Backup = z.infer<typeof backupSchema>

/** The backups of a domain, by instance, in the order in which they were stored. */
export class Backups {
  readonly #registry: Registry
  readonly #domain: string

  constructor(registry: Registry, domain: string) {
    this.#registry = registry
    this.#domain = domain
  }

  /** Stores a backup, durably. The caller has made sure that its name is free and its objects are there. */
  add(backup: Backup): void {
    const registry = this.#registry
    registry.transaction(() => {
      const row = registry.first(
        'INSERT INTO backups (domain, instance, hash, document) VALUES (?, ?, ?, ?) RETURNING number',
        ...[this.#domain, backup.instance, backup.hash, JSON.stringify(backup)],
      )
      const number = Number(row?.['number'])
      for (const object of neededBy(backup)) {
        registry.change('INSERT INTO needs (domain, sha256, backup) VALUES (?, ?, ?)', this.#domain, object, number)
      }
    })
  }

  find(instance: string, hash: Sha256): Backup | undefined {
    return this.#one('hash = ?', [instance, hash])
  }

  last(instance: string): Backup | undefined {
    return this.#one('TRUE ORDER BY number DESC', [instance])
  }

  first(instance: string): Backup | undefined {
    return this.#one('TRUE ORDER BY number', [instance])
  }

  /** Returns the backup that was stored after `previous`. */
  next(instance: string, previous: Sha256): Backup | undefined {
    const after = '(SELECT number FROM backups WHERE domain = ? AND instance = ? AND hash = ?)'
    return this.#one(`number > ${after} ORDER BY number`, [instance, this.#domain, instance, previous])
  }

  /** Forgets a backup; its objects stay until they are removed. Returns whether it was there. */
  remove(instance: string, hash: Sha256): boolean {
    const remove = 'DELETE FROM backups WHERE domain = ? AND instance = ? AND hash = ?'
    return this.#registry.change(remove, this.#domain, instance, hash) > 0
  }

  /** `condition` and what follows it are ours; values come as parameters. */
  #one(condition: string, values: readonly [instance: string, ...string[]]): Backup | undefined {
    const query = `SELECT document FROM backups WHERE domain = ? AND instance = ? AND ${condition} LIMIT 1`
    const row = this.#registry.first(query, this.#domain, ...values)
    return row === undefined ? undefined : backupSchema.parse(JSON.parse(String(row['document'])))
  }
}

/** Returns all objects that a backup needs, each once. */
export function neededBy({ hash, objects }: Backup): Sha256[] {
  return [...new Set([hash, ...objects])]
}
