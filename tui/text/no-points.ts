import type { Shared } from '../state/shared.ts'
import { awayText } from './away.ts'

/** Returns why there are no points to show; `otherwise` where there is a repository that simply has none of them. */
export function noPointsText(shared: Shared, otherwise: string): string {
  const { points, repository, repositories } = shared
  if (repository === undefined && repositories.kind === 'failed') return repositories.problem.message
  if (repository === undefined && repositories.kind === 'ready') {
    return 'There is no repository yet: one is added on the screen Drivers.'
  }
  if (points.kind === 'loading') return 'reading the points …'
  if (points.kind === 'ready') return otherwise
  const away = awayText(shared)
  return `${away === undefined ? '' : `${away}: `}${points.problem.message}`
}
