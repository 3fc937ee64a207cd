import { UsageError } from '../base/errors.ts'
import { formatTime } from '../base/format.ts'
import { shortId } from '../base/ids.ts'
import type { PointChain } from '../repository/point-chain.ts'
import { compareCreated } from '../repository/point-info.ts'
import type { Repository } from '../repository/repository.ts'
import type { AmbiguousPointError } from '../repository/resolve-point.ts'
import { type DetailedPoint, makerName, sourcesText } from './point-format.ts'
import { readDetails } from './read-details.ts'
import { table } from './table.ts'

const CANDIDATES_SHOWN = 10

/** Returns the same error with a table of what fits, the newest last as in `points`: chains by their latest points. */
export async function tellCandidates(
  error: AmbiguousPointError,
  { repository, points }: { readonly repository: Repository; readonly points: PointChain },
): Promise<UsageError> {
  const { candidates, code, context, hint } = error
  const newest = candidates.toSorted(compareCreated).slice(-CANDIDATES_SHOWN)
  const lines = candidateLines(await readDetails(repository, newest), points)
  if (candidates.length > newest.length) lines.push(`and ${candidates.length - newest.length} older`)
  const message = [`${error.message}:`, ...lines].join('\n  ')
  return new UsageError(code, message, { context, cause: error, ...(hint === undefined ? {} : { hint }) })
}

function candidateLines(candidates: readonly DetailedPoint[], points: PointChain): string[] {
  return table(
    [
      { title: 'Chain', value: ({ info }) => shortId(info.record.chain) },
      { title: 'Point', value: ({ info }) => shortId(info.record.point) },
      { title: 'Time', value: ({ info }) => formatTime(info.record.started) },
      { title: 'Instance', value: (point) => makerName(points, point) },
      { title: 'Sources', value: ({ detail }) => sourcesText(detail) },
    ],
    candidates,
  )
}
