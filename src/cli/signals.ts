import { RunError } from '../base/errors.ts'
import { EXIT_INTERRUPTED } from './exit-codes.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Where signals come from. */
export interface SignalSource {
  on(name: (typeof SIGNALS)[number], act: () => void): unknown
}

export interface Interruption {
  readonly signal: AbortSignal
  /** Has SIGHUP do something else from now on than interrupt. */
  readonly onHangUp: (act: () => void) => void
}

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort of the returned signal, with INTERRUPTED as its reason, and
 * tells `onInterrupt`; the second one ends the process at once. `signals` tells of them: this process, when absent.
 */
export function interruptible(onInterrupt: () => void, signals: SignalSource = process): Interruption {
  const controller = new AbortController()
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED)
    controller.abort(interrupted())
    onInterrupt()
  }
  const acts = { SIGINT: interrupt, SIGTERM: interrupt, SIGHUP: interrupt }
  for (const name of SIGNALS) signals.on(name, () => acts[name]())
  return { signal: controller.signal, onHangUp: (act) => void (acts.SIGHUP = act) }
}

/** What a command ends with after it was interrupted. */
export function interrupted(): RunError {
  return new RunError('INTERRUPTED', 'interrupted')
}
