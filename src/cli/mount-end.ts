import { atMost } from '../base/at-most.ts'
import { MountError } from '../base/errors.ts'
import type { Mounted } from './mounting.ts'
import type { Output } from './output.ts'

/** How long those who still use a mount that was interrupted may go on. */
const GRACE_MS = 10_000

export interface MountToEnd {
  readonly mounted: Pick<Mounted, 'ended' | 'unmount' | 'detach'>
  readonly output: Output
  /** Aborted when the mount is to end. */
  readonly signal: AbortSignal
}

/**
 * Resolves once a mount has ended: because somebody unmounted it, or because `signal` was aborted.
 *
 * A mount that is in use then is taken out of sight at once, so that nobody new gets in; those who are in it may go on
 * for ten seconds. Returns false when some still are: only the end of the process takes it from them.
 */
export async function untilMountEnds({ mounted, output, signal }: MountToEnd): Promise<boolean> {
  await Promise.race([mounted.ended, aborted(signal)])
  if (!signal.aborted) return true
  try {
    await mounted.unmount()
  } catch (error) {
    if (!(error instanceof MountError)) throw error
    // Somebody unmounted it at the same moment.
    if (error.code === 'NOT_MOUNTED') return true
    if (error.code !== 'MOUNT_BUSY') throw error
    output.warning(`${error.message}: nobody else gets in any more, and who is in it may stay for ${GRACE_MS / 1000} s`)
    await mounted.detach()
  }
  return atMost(GRACE_MS, mounted.ended)
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
