import { UsageError } from '../base/errors.ts'
import type { LostPoint, UnreadableRecord } from '../repository/lost-points.ts'
import type { PointChain } from '../repository/point-chain.ts'
import type { PointInfo } from '../repository/point-info.ts'
import type { Repository } from '../repository/repository.ts'
import { type ChainFlags, choosePoint } from './choose-point.ts'

const OBJECT_PREFIX = /^points\/([0-9a-f]{4,64})$/
const PREFIX_DIGITS_MIN = 4

/** What somebody names to be forgotten: points that are there, points that are lost, and records that nobody can read. */
export interface ChosenToForget {
  readonly points: readonly PointInfo[]
  readonly lost: readonly LostPoint[]
  readonly unreadable: readonly UnreadableRecord[]
}

/**
 * Returns what each word names: a point as all commands name it, one that is lost by its id, or as `points/…` the record of either.
 *
 * @throws {UsageError} UNKNOWN_POINT, AMBIGUOUS_POINT
 */
export async function chooseForgotten(
  repository: Repository,
  words: readonly string[],
  flags: ChainFlags,
): Promise<ChosenToForget> {
  const chain = await repository.chain()
  const chosen = { points: new Set<PointInfo>(), lost: new Set<LostPoint>(), unreadable: new Set<UnreadableRecord>() }
  for (const word of words) {
    const object = OBJECT_PREFIX.exec(word)?.[1]
    const found = object === undefined ? undefined : ofObject(chain, object)
    if (found?.record !== undefined) chosen.unreadable.add(found.record)
    else if (found?.lost !== undefined) chosen.lost.add(found.lost)
    else if (found?.point !== undefined) chosen.points.add(found.point)
    else await ofPoint(word)
  }
  return { points: [...chosen.points], lost: [...chosen.lost], unreadable: [...chosen.unreadable] }

  async function ofPoint(word: string): Promise<void> {
    try {
      chosen.points.add(await choosePoint(repository, { point: word }, flags))
    } catch (error) {
      const lost = error instanceof UsageError && error.code === 'UNKNOWN_POINT' ? lostPoint(chain, word) : undefined
      if (lost === undefined) throw error
      chosen.lost.add(lost)
    }
  }
}

/** Returns what the only object whose name begins so is the record of. */
function ofObject(
  { points, losses }: PointChain,
  prefix: string,
): { readonly record?: UnreadableRecord; readonly lost?: LostPoint; readonly point?: PointInfo } | undefined {
  const found = [
    ...losses.unreadable.map((record) => ({ object: record.object, record })),
    ...losses.lost.map((lost) => ({ object: lost.unreadable?.object, lost })),
    ...points.map((point) => ({ object: point.object, point })),
  ].filter(({ object }) => object?.startsWith(prefix) === true)
  return found.length === 1 ? found[0] : undefined
}

function lostPoint({ losses }: PointChain, word: string): LostPoint | undefined {
  const prefix = word.toLowerCase().replaceAll('-', '')
  if (prefix.length < PREFIX_DIGITS_MIN) return undefined
  const matching = losses.lost.filter(({ point }) => point.startsWith(prefix))
  return matching.length === 1 ? matching[0] : undefined
}
