import type { BitSet } from '../../base/bit-set.ts'
import { IntegrityError, type TidemarkError } from '../../base/errors.ts'
import { BLOB_ID_BYTES, type BlobId } from '../../base/ids.ts'
import { runAll } from '../../base/run-all.ts'
import { decodePointDetail } from '../../format/point-detail-codec.ts'
import type { FileEntry } from '../../format/tree.ts'
import type { BlobReader } from '../../repository/blob-reader.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { layoutOf } from '../point-view-layout.ts'
import { reach } from '../reach/reach.ts'
import type { CheckEvents } from './check-types.ts'
import type { LostCopies } from './lost-copies.ts'

const DETAILS_AT_ONCE = 8

export interface CheckTreesOptions {
  readonly index: RepositoryIndex
  readonly blobs: BlobReader
  readonly points: readonly PointInfo[]
  readonly lost: LostCopies
  readonly events: CheckEvents
  readonly signal: AbortSignal
}

export interface TreesChecked {
  /** Entries of the index that points need. */
  readonly needed: BitSet
  /** Trees and lists that were read. */
  readonly trees: number
  /** Whether every tree, list and detail could be read, and all that they name is in the index. */
  readonly isWhole: boolean
}

/** Reads every tree, list and detail of the points, each once, and looks up all that they name. */
export async function checkTrees(options: CheckTreesOptions): Promise<TreesChecked> {
  const { index, blobs, points, events, signal } = options
  let isWhole = true
  let trees = 0
  const onDamage = (error: TidemarkError): void => {
    isWhole = false
    callLost(options, error)
  }
  const large: FileEntry[] = []
  const needed = await reach({
    index,
    blobs,
    points,
    onProblem: ({ error }) => onDamage(error),
    onFile: (file) => {
      if (file.content.level > 0) large.push(file)
      else if (!fitsSize(index, file)) isWhole = false
    },
    progress: (read) => {
      trees = read
      events.progress?.({ step: 'trees', done: read, total: 0 })
    },
    signal,
  })
  for (const file of large) await layoutOf(blobs, file).catch((error: unknown) => onDamage(damageOf(error)))
  const details = points.map(({ record }) => async () => {
    try {
      decodePointDetail(await blobs.read(record.detail as BlobId, 'detail', signal))
    } catch (error) {
      onDamage(damageOf(error))
    }
  })
  await runAll(details, DETAILS_AT_ONCE)
  return { needed, trees, isWhole }
}

/** Tells whether the blobs of a file have as many bytes as it, and are data. What is missing is told elsewhere. */
function fitsSize({ blobs, packs }: RepositoryIndex, { size, holes, content: { ids } }: FileEntry): boolean {
  let bytes = holes.reduce((sum, hole) => sum + hole.length, 0)
  for (let at = 0; at < ids.byteLength; at += BLOB_ID_BYTES) {
    const entry = blobs.find(ids, at)
    const location = entry < 0 ? undefined : blobs.location(entry)
    if (location === undefined || packs.row(blobs.frames.get(location.frame).pack).kind !== 'data') return false
    bytes += location.length
  }
  return bytes === size
}

/** A tree, list or detail that no place gives is called lost in all of them, as far as that is not known yet. */
function callLost({ index, lost }: CheckTreesOptions, { context }: TidemarkError): void {
  const { blob, pack } = context
  // Without a pack, no index names it, or its bytes are what was written.
  if (typeof blob !== 'string' || pack === undefined) return
  const id = new Uint8Array(Buffer.from(blob, 'hex'))
  const places = [index.locate(id), ...index.otherPlaces(id)].filter((place) => place !== undefined)
  for (const { frame, frameLocation } of places) {
    if (!index.blobs.frames.isDoubtful(frame)) lost.add(index.packs.row(frameLocation.pack).id, id)
  }
  index.doubtStored({ frames: places.map(({ frame }) => frame), packs: [] })
}

function damageOf(error: unknown): IntegrityError {
  if (error instanceof IntegrityError) return error
  throw error
}
