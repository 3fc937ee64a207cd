import { type ByteString, display } from '../base/byte-string.ts'
import { UsageError } from '../base/errors.ts'
import type { OpenPointView } from '../engine/point-view.ts'
import type { TreeEntry } from '../format/tree.ts'
import type { PointInfo } from '../repository/point-info.ts'
import type { Repository } from '../repository/repository.ts'
import { type ChainFlags } from './choose-point.ts'
import type { CliContext } from './context.ts'
import { openPoints } from './open-points.ts'
import { parsePointPlace } from './point-place.ts'

/** A path of a point, opened for reading. */
export interface Place {
  /** In the realm of the point. */
  readonly repository: Repository
  readonly point: PointInfo
  readonly view: OpenPointView
  /** An absolute path. */
  readonly path: ByteString
  readonly entry: TreeEntry
}

/** A place with its repository. Disposing of it closes the repository. */
export interface OpenPlace extends Place, AsyncDisposable {
  /** In the realm that this machine writes to. */
  readonly own: Repository
}

/** Two places of one repository. Disposing of them closes it. */
export interface OpenPlaces extends AsyncDisposable {
  readonly places: readonly [Place, Place]
}

/**
 * Opens POINT[:/PATH].
 *
 * @throws {UsageError} BAD_ARGUMENT, UNKNOWN_POINT, AMBIGUOUS_POINT, UNKNOWN_PATH; and whatever opening a repository
 * throws.
 */
export async function openPlace(context: CliContext, place: string, flags: ChainFlags): Promise<OpenPlace> {
  parsePointPlace(place)
  const opened = await openPoints(context, { forReading: true })
  try {
    const found = await placeIn(opened.repository, place, flags)
    return { ...found, own: opened.repository, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() }
  } catch (error) {
    await opened[Symbol.asyncDispose]()
    throw error
  }
}

/** Opens two places of one repository, as `openPlace` opens one. */
export async function openPlaces(
  context: CliContext,
  [first, second]: readonly [string, string],
  flags: ChainFlags,
): Promise<OpenPlaces> {
  for (const place of [first, second]) parsePointPlace(place)
  const opened = await openPoints(context, { forReading: true })
  try {
    const places = [
      await placeIn(opened.repository, first, flags),
      await placeIn(opened.repository, second, flags),
    ] as const
    return { places, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() }
  } catch (error) {
    await opened[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Finds POINT[:/PATH] in an open repository.
 *
 * @throws {UsageError} BAD_ARGUMENT, UNKNOWN_POINT, AMBIGUOUS_POINT, UNKNOWN_PATH
 */
export async function placeIn(opened: Repository, place: string, flags: ChainFlags): Promise<Place> {
  const { hasPath, path, point: name } = parsePointPlace(place)
  const [{ choosePoint }, { openPointView }] = await Promise.all([
    import('./choose-point.ts'),
    import('../engine/point-view.ts'),
  ])
  const point = await choosePoint(opened, { point: name, ...(hasPath ? { path } : {}) }, flags)
  const repository = opened.inRealm(point.realm)
  const view = openPointView(await repository.blobs(), point.record.parts)
  const entry = await view.lookup(path)
  if (entry !== undefined) return { repository, point, view, path, entry }
  throw new UsageError('UNKNOWN_PATH', `point ${point.record.point.slice(0, 8)} holds no ${display(path)}`, {
    context: { point: point.record.point, path: display(path) },
    hint: 'Look with `tidemark ls` what it holds.',
  })
}
