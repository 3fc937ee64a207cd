import type { ByteString } from '../../base/byte-string.ts'
import type { CreatedEntry } from '../../format/created-codec.ts'
import type { RestoreItem } from '../restore-types.ts'

/** What a restore is about to change, as a point can keep it. */
export interface RestoreEffects {
  /** What is to be overwritten or deleted; a directory with all that is in it. */
  readonly replaced: readonly ByteString[]
  /** Directories of which only attributes are to be overwritten. */
  readonly touched: readonly ByteString[]
  /** What is not there yet, parents before children. */
  readonly created: readonly CreatedEntry[]
}

/** Sums up the plan of a restore. Memory: a path for each entry that changes. */
export async function effectsOf(items: AsyncIterable<RestoreItem>): Promise<RestoreEffects> {
  const replaced: ByteString[] = []
  const touched: ByteString[] = []
  const created: CreatedEntry[] = []
  for await (const { action, path, entry, existing } of items) {
    if (action === 'delete') replaced.push(path)
    else if (action === 'overwrite' || (action === 'create' && existing !== undefined)) {
      const isTouched = existing?.kind === 'dir' && entry?.kind === 'dir'
      ;(isTouched ? touched : replaced).push(path)
    } else if (action === 'create' && entry !== undefined) {
      const size = entry.kind === 'file' ? entry.size : 0
      created.push({ path, kind: entry.kind, size, mtime: entry.mtime })
    }
  }
  return { replaced, touched, created }
}

/** Whether anything that is there would not be any more. */
export function overwrites({ replaced, touched }: RestoreEffects): boolean {
  return replaced.length > 0 || touched.length > 0
}
