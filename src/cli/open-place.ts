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

/** A path of a point, opened for reading. Disposing of it closes the repository. */
export interface OpenPlace extends AsyncDisposable {
  readonly repository: Repository
  readonly point: PointInfo
  readonly view: OpenPointView
  /** An absolute path. */
  readonly path: ByteString
  readonly entry: TreeEntry
}

/**
 * Opens POINT[:/PATH].
 *
 * @throws {UsageError} BAD_ARGUMENT, UNKNOWN_POINT, AMBIGUOUS_POINT, UNKNOWN_PATH; and whatever opening a repository
 * throws.
 */
export async function openPlace(context: CliContext, place: string, flags: ChainFlags): Promise<OpenPlace> {
  const { hasPath, path, point: name } = parsePointPlace(place)
  const opened = await openPoints(context)
  try {
    const { repository } = opened
    const [{ choosePoint }, { openPointView }] = await Promise.all([
      import('./choose-point.ts'),
      import('../engine/point-view.ts'),
    ])
    const point = await choosePoint(repository, { point: name, ...(hasPath ? { path } : {}) }, flags)
    const view = openPointView(await repository.blobs(), point.record.parts)
    const entry = await view.lookup(path)
    if (entry === undefined) {
      throw new UsageError('UNKNOWN_PATH', `point ${point.record.point.slice(0, 8)} holds no ${display(path)}`, {
        context: { point: point.record.point, path: display(path) },
        hint: 'Look with `tidemark ls` what it holds.',
      })
    }
    const close = async (): Promise<void> => {
      await opened[Symbol.asyncDispose]()
    }
    return { repository, point, view, path, entry, [Symbol.asyncDispose]: close }
  } catch (error) {
    await opened[Symbol.asyncDispose]()
    throw error
  }
}
