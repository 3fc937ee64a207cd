import type { Transferable } from 'node:worker_threads'
import type { TransferredError } from './errors.ts'

/** What threads do for a team; each is a module that a thread loads when the first team of its kind comes. */
export type TeamKind = 'backup' | 'restore' | 'check'

export interface TeamResult {
  readonly result: unknown
  /** Memory that goes over to the leader instead of being copied. */
  readonly transfer?: readonly Transferable[]
}

/** One thread's part in a team: handles one job after the other, and wipes what it knows when the team ends. */
export interface TeamMember {
  handle(job: unknown): TeamResult
  close(): void
}

/** How a member reaches the thread that leads the team, without being asked. */
export type Tell = (message: unknown) => void

export type ToWorker =
  | { readonly type: 'join'; readonly team: number; readonly kind: TeamKind; readonly setup: unknown }
  | { readonly type: 'job'; readonly team: number; readonly job: number; readonly body: unknown }
  | { readonly type: 'leave'; readonly team: number }

export type FromWorker =
  /** A join is over, whether it came to a member or not. */
  | { readonly type: 'joined' }
  | { readonly type: 'done'; readonly team: number; readonly job: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly team: number; readonly job: number; readonly error: TransferredError }
  | { readonly type: 'tell'; readonly team: number; readonly message: unknown }
