import type { Shared } from '../state/shared.ts'

/** Returns why there are no points to show; `otherwise` where there is a repository that simply has none of them. */
export function noPointsText({ points, repository, repositories }: Shared, otherwise: string): string {
  if (repository === undefined && repositories.kind === 'failed') return repositories.problem.message
  if (repository === undefined && repositories.kind === 'ready') {
    return 'There is no repository yet: one is added on the screen Drivers.'
  }
  if (points.kind === 'loading') return 'reading the points …'
  return points.kind === 'failed' ? points.problem.message : otherwise
}
