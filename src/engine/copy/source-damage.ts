import type { ByteString } from '../../base/byte-string.ts'
import { fromHex } from '../../base/bytes.ts'
import type { IntegrityError } from '../../base/errors.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { findAffected } from '../check/affected.ts'
import { DAMAGED_TAG } from '../repair/mark-points.ts'
import type { DamagedPoint } from './copy-types.ts'

/** Paths of a damaged point that are told. */
const PATHS_MAX = 10

/** Finds what of points cannot be had whole in the repository that they are to be copied from. */
export class SourceDamage {
  readonly #source: Repository
  readonly #signal: AbortSignal
  /** Ids of blobs that could not be read, whatever the index says of them. */
  readonly #unreadable: Uint8Array[] = []
  #sound = new Set<string>()
  #isSuspected = false

  constructor(source: Repository, signal: AbortSignal) {
    this.#source = source
    this.#signal = signal
  }

  /** Returns what is known to be damaged of a point that is about to be read. Only where damage is suspected, its trees are read. */
  async known(point: PointInfo): Promise<DamagedPoint | undefined> {
    return this.#isSuspected || point.tags.includes(DAMAGED_TAG) ? this.#find(point) : undefined
  }

  /** Returns what is damaged of a point that could not be read; nothing where `error` has another cause. */
  async behind({ context: { blob } }: IntegrityError, point: PointInfo): Promise<DamagedPoint | undefined> {
    const id = typeof blob === 'string' ? fromHex(blob) : undefined
    if (id !== undefined) {
      this.#unreadable.push(id)
      this.#sound = new Set()
    }
    const damage = await this.#find(point)
    if (damage !== undefined) this.#isSuspected = true
    return damage
  }

  async #find(point: PointInfo): Promise<DamagedPoint | undefined> {
    const repository = this.#source.inRealm(point.realm)
    // As the store is now: a prune may have written packs anew.
    using index = await repository.indexForRun()
    const rotten = new Set(this.#unreadable.flatMap((id) => framesOf(index, id)))
    const isSound = (id: Uint8Array): boolean => {
      const entry = index.blobs.find(id)
      const first = entry < 0 ? undefined : index.blobs.location(entry)
      if (first === undefined || index.lost?.has(entry) === true) return false
      // To look for its other places, all copies are looked at.
      return !rotten.has(first.frame) || framesOf(index, id).some((frame) => !rotten.has(frame))
    }
    const paths: ByteString[] = []
    let entries = 0
    const options = { blobs: repository.blobsIn(index), points: [point], isSound, sound: this.#sound }
    for await (const { path } of findAffected({ ...options, signal: this.#signal })) {
      if (entries++ < PATHS_MAX) paths.push(path)
    }
    return entries === 0 ? undefined : { point, entries, paths }
  }
}

function framesOf(index: RepositoryIndex, id: Uint8Array): number[] {
  const place = index.locate(id)
  return place === undefined ? [] : [place, ...index.otherPlaces(id)].map(({ frame }) => frame)
}
