import { byteString, type ByteString } from '../../base/byte-string.ts'
import { equalBytes } from '../../base/bytes.ts'
import { IntegrityError, isNotFound } from '../../base/errors.ts'
import type { BlobId, RealmId, RepositoryId } from '../../base/ids.ts'
import { RECORD_BYTES_MAX } from '../../base/limits.ts'
import { sha512 } from '../../crypto/sha512.ts'
import type { BlobType } from '../../format/pack.ts'
import type { FileEntry, TreeEntry } from '../../format/tree.ts'
import type { PointChain } from '../../repository/point-chain.ts'
import { compareCreated } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { listIds, readObject } from '../../repository/stored-object.ts'
import { type OpenPointView, openPointView } from '../point-view.ts'
import type { HealSource, RecordSource, SourceFile } from './heal-source.ts'

/**
 * Another repository: a file's content is looked for at its path in all points, the newest first. One that is a copy of
 * the repository to be healed, keys and all, gives any blob by its id, trees among them, and any record; one that points were
 * copied to gives the records of these.
 */
export async function repositorySource(
  other: Repository,
  healed: { readonly repository: RepositoryId; readonly realm: RealmId },
): Promise<HealSource> {
  const blobs = await other.blobs()
  const chain = await other.chain()
  const points = chain.points.filter(({ realm }) => realm === other.realm.realm).sort((a, b) => compareCreated(b, a))
  const views = points.map(({ record }) => openPointView(blobs, record.parts))
  const blob = async (id: BlobId, type: BlobType): Promise<Uint8Array | undefined> => {
    try {
      return await blobs.read(id, type)
    } catch (error) {
      return passDamage(error)
    }
  }
  const hasSameKeys = other.id === healed.repository && other.realm.realm === healed.realm
  const records = recordsOf(other, chain, healed.repository)
  return { ...(hasSameKeys ? { blob } : {}), records, files: (path) => filesAt(views, path) }
}

function recordsOf(other: Repository, { points }: PointChain, healed: RepositoryId): RecordSource {
  const isCopy = other.id === healed
  return {
    async point(wanted) {
      try {
        const fits = (hash: Uint8Array): boolean => 'hash' in wanted && equalBytes(hash, wanted.hash)
        const same = points.find((point) => {
          return isCopy && ('object' in wanted ? point.object === wanted.object : fits(point.innerHash))
        })
        if (same !== undefined) return (await other.records.get('points', same.object)).inner
        // A point that was copied there brings the record that it had here.
        const originals = points.map(({ record }) => record.original)
        return originals.find((each) => each?.repository === healed && fits(sha512(each.inner)))?.inner
      } catch (error) {
        return passDamage(error)
      }
    },
    async object(name) {
      if (!isCopy) return undefined
      try {
        return await readObject(other.driver, name, RECORD_BYTES_MAX)
      } catch (error) {
        return isNotFound(error) ? undefined : passDamage(error)
      }
    },
    async instances() {
      if (!isCopy) return []
      return (await listIds(other.driver, 'instances')).map((id) => ({ kind: 'instances', id }))
    },
  }
}

async function* filesAt(views: readonly OpenPointView[], path: ByteString): AsyncGenerator<SourceFile> {
  const seen = new Set<string>()
  for (const view of views) {
    const entry = await lookUp(view, path)
    if (entry?.kind !== 'file') continue
    const content = `${entry.content.level}:${byteString(entry.content.ids)}`
    if (seen.has(content)) continue
    seen.add(content)
    yield new PointFile(view, entry)
  }
}

async function lookUp(view: OpenPointView, path: ByteString): Promise<TreeEntry | undefined> {
  try {
    return await view.lookup(path)
  } catch (error) {
    return passDamage(error)
  }
}

class PointFile implements SourceFile {
  readonly size: number
  readonly isSparse: boolean
  readonly #view: OpenPointView
  readonly #entry: FileEntry

  constructor(view: OpenPointView, entry: FileEntry) {
    this.#view = view
    this.#entry = entry
    this.size = entry.size
    this.isSparse = entry.holes.length > 0
  }

  async read(offset: number, length: number): Promise<Uint8Array | undefined> {
    const pieces: Uint8Array[] = []
    try {
      for await (const piece of this.#view.content(this.#entry, { offset, length })) pieces.push(piece)
    } catch (error) {
      return passDamage(error)
    }
    const bytes = new Uint8Array(Buffer.concat(pieces))
    return bytes.byteLength === length ? bytes : undefined
  }

  async *data(): AsyncGenerator<Uint8Array> {
    try {
      const { ranges } = await this.#view.layout(this.#entry)
      for (const range of ranges) yield* this.#view.content(this.#entry, range)
    } catch (error) {
      passDamage(error)
    }
  }
}

/** The other repository may be damaged, too: what it does not give is looked for elsewhere. */
function passDamage(error: unknown): undefined {
  if (!(error instanceof IntegrityError)) throw error
  return undefined
}
