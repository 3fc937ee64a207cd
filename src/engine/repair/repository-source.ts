import { byteString, type ByteString } from '../../base/byte-string.ts'
import { IntegrityError } from '../../base/errors.ts'
import type { BlobId, RealmId, RepositoryId } from '../../base/ids.ts'
import type { BlobType } from '../../format/pack.ts'
import type { FileEntry, TreeEntry } from '../../format/tree.ts'
import { compareCreated } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { type OpenPointView, openPointView } from '../point-view.ts'
import type { HealSource, SourceFile } from './heal-source.ts'

/**
 * Another repository: a file's content is looked for at its path in all points, the newest first. One that is a copy of
 * the repository to be healed, keys and all, gives any blob by its id, trees among them.
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
  return { ...(hasSameKeys ? { blob } : {}), files: (path) => filesAt(views, path) }
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
