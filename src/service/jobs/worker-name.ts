import { toHex } from '../../base/bytes.ts'
import { hasEnded, processTag } from '../../base/process-identity.ts'
import type { Randomness } from '../../base/random.ts'
import type { Job } from './job.ts'

/** Returns a name for a worker of this process that no other worker has; it tells which process that is, where the system does. */
export function newWorkerName(randomness: Randomness): string {
  return `${processTag() ?? ''}/${toHex(randomness.bytes(16))}`
}

/** Tells whether the process of a worker is known to have ended: what it left need not wait for its lease. */
export function hasWorkerEnded(name: string): boolean {
  return hasProcessEnded(name) === true
}

/** Tells whether the process of a worker is known to be there: its lease may have lapsed all the same, while it was stopped. */
export function isWorkerRunning(name: string): boolean {
  return hasProcessEnded(name) === false
}

/**
 * Tells whether nobody runs a job that is kept as running, and it waits to be taken over. A process that is stopped goes on with what
 * it does; where nobody knows of it, its lease tells.
 */
export function isAbandoned({ lease }: Pick<Job, 'lease'>, nowMs: number): boolean {
  return lease !== undefined && (hasProcessEnded(lease.worker) ?? lease.untilMs <= nowMs)
}

/**
 * Tells whether the process of a worker has ended. `undefined` where nobody here can know: on another machine, in another
 * container, or before the last start of this one.
 */
function hasProcessEnded(name: string): boolean | undefined {
  const [tag = ''] = name.split('/')
  return hasEnded(tag)
}
