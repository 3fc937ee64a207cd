import type { RepositoryState } from '../../src/service/application/shown.ts'
import { valueOr } from '../state/loaded.ts'
import type { Shared } from '../state/shared.ts'
import { shownDistance, shownTime } from './when.ts'

type Away = Extract<RepositoryState, { kind: 'unreachable' }>

/** Returns since when a repository is away: `unreachable since 2026-11-21 11:00 (1 h ago)`. */
export function shownAway({ sinceMs }: Away, nowMs: number): string {
  return `unreachable since ${shownTime(sinceMs)} (${shownDistance(sinceMs, nowMs)})`
}

/** Returns since when the repository that is looked at is away, `undefined` while it is there. */
export function awayText({ repositories, repository, nowMs }: Shared): string | undefined {
  const state = valueOr(repositories, []).find(({ name }) => name === repository)?.state
  return state?.kind === 'unreachable' ? shownAway(state, nowMs) : undefined
}
