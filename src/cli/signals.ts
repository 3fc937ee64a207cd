import { RunError } from '../base/errors.ts'
import { EXIT_INTERRUPTED } from './exit-codes.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort of the returned signal, with INTERRUPTED as its reason, and
 * tells `onInterrupt`; the second one ends the process at once.
 */
export function interruptible(onInterrupt: () => void): AbortSignal {
  const controller = new AbortController()
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED)
      controller.abort(interrupted())
      onInterrupt()
    })
  }
  return controller.signal
}

/** What a command ends with after it was interrupted. */
export function interrupted(): RunError {
  return new RunError('INTERRUPTED', 'interrupted', {
    hint: 'Everything stored so far is kept: run the same command again to go on.',
  })
}
