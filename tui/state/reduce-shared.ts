import type { Topic } from '../../src/service/application/port.ts'
import type { PointData, RepositoryData } from '../../src/service/application/shown.ts'
import { type Answer, type Call, call, type Failure } from './call.ts'
import { afterFailure, LOADING, ready, valueOr } from './loaded.ts'
import type { Shared } from './shared.ts'

const TOPICS: readonly Topic[] = ['repositories', 'points', 'jobs', 'health', 'notifications', 'mounts']

/** Returns the calls that bring what all screens see up to date. */
export function callsForAll(shared: Shared): readonly Call[] {
  return TOPICS.flatMap((topic) => callsFor(topic, shared))
}

/** Returns the calls that bring one topic up to date. */
export function callsFor(topic: Topic, shared: Shared): readonly Call[] {
  switch (topic) {
    case 'repositories':
      return [call('shared:repositories', 'repositories')]
    case 'points':
      return shared.repository === undefined ? [] : [call('shared:points', 'points', shared.repository)]
    case 'jobs':
      return [call('shared:jobs', 'jobs')]
    case 'health':
      return [call('shared:health', 'health')]
    case 'notifications':
      return [call('shared:notifications', 'notifications')]
    case 'mounts':
      return [call('shared:mounts', 'mounts')]
    case 'daemon':
      return callsForAll(shared)
    case 'plans':
      // Each screen asks for plans itself; what is wrong with them is told in one line.
      return [call('shared:health', 'health')]
  }
}

/** Returns what all screens see after an answer, and what has to be asked next. */
export function takeSharedAnswer(shared: Shared, answer: Answer): { shared: Shared; calls: readonly Call[] } {
  switch (answer.method) {
    case 'repositories':
      return takeRepositories(shared, answer.value)
    case 'points': {
      if (answer.args[0] !== shared.repository) return { shared, calls: [] }
      return { shared: { ...shared, points: ready(newestFirst(answer.value)) }, calls: [] }
    }
    case 'jobs':
      return { shared: { ...shared, jobs: ready(answer.value) }, calls: [] }
    case 'health':
      return { shared: { ...shared, health: ready(answer.value) }, calls: [] }
    case 'notifications':
      return { shared: { ...shared, notifications: ready(answer.value) }, calls: [] }
    case 'mounts':
      return { shared: { ...shared, mounts: ready(answer.value) }, calls: [] }
    default:
      return { shared, calls: [] }
  }
}

/** Returns what all screens see after a call failed: what was known stays. */
export function takeSharedFailure(shared: Shared, { method, problem }: Failure): Shared {
  switch (method) {
    case 'repositories':
      return { ...shared, repositories: afterFailure(shared.repositories, problem) }
    case 'points':
      return { ...shared, points: afterFailure(shared.points, problem) }
    case 'jobs':
      return { ...shared, jobs: afterFailure(shared.jobs, problem) }
    case 'health':
      return { ...shared, health: afterFailure(shared.health, problem) }
    case 'notifications':
      return { ...shared, notifications: afterFailure(shared.notifications, problem) }
    case 'mounts':
      return { ...shared, mounts: afterFailure(shared.mounts, problem) }
    default:
      return shared
  }
}

/** Returns everything with another repository to look at, whose points have to be asked for. */
export function lookAt(shared: Shared, repository: string | undefined): { shared: Shared; calls: readonly Call[] } {
  const looking: Shared = { ...shared, repository, points: LOADING }
  return { shared: looking, calls: callsFor('points', looking) }
}

/** Returns the name of the repository after the one that is looked at. */
export function nextRepository(shared: Shared): string | undefined {
  const names = valueOr(shared.repositories, []).map(({ name }) => name)
  return names[(names.indexOf(shared.repository ?? '') + 1) % names.length]
}

function takeRepositories(
  shared: Shared,
  repositories: readonly RepositoryData[],
): { shared: Shared; calls: readonly Call[] } {
  const next: Shared = { ...shared, repositories: ready(repositories) }
  if (repositories.some(({ name }) => name === shared.repository)) return { shared: next, calls: [] }
  const chosen = repositories.find(({ isDefault }) => isDefault) ?? repositories[0]
  return lookAt(next, chosen?.name)
}

function newestFirst(points: readonly PointData[]): readonly PointData[] {
  return points.toSorted((a, b) => b.startedMs - a.startedMs || (a.id < b.id ? 1 : -1))
}
