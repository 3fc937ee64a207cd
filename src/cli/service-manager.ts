import { sendDatagram } from '../base/posix/datagram.ts'
import { utf8 } from '../base/bytes.ts'
import { PosixError } from '../base/posix/posix-error.ts'
import type { Environment } from './environment.ts'
import type { Clock } from '../base/clock.ts'
import { nonEmpty } from './environment.ts'

/** What systemd may be told. */
type ServiceState = 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1' | `STATUS=${string}`

/**
 * Returns what tells the service manager that started this process how it is; without one, nothing is told.
 *
 * @see sd_notify(3)
 */
export function serviceManager(environment: Environment): (...states: readonly ServiceState[]) => void {
  const socket = nonEmpty(environment['NOTIFY_SOCKET'])
  if (socket === undefined) return () => undefined
  return (...states) => {
    try {
      sendDatagram(socket, utf8(states.join('\n')))
    } catch (error) {
      // A manager that is restarting, or busy, is no reason to end: it asks again, or notices.
      if (!(error instanceof PosixError)) throw error
    }
  }
}

/** What the loop of the daemon does by itself: timers stand still while a machine sleeps. */
const LOOK_MS = 60_000
/** A busy loop takes many turns a second. */
const FED_MS = 10_000

/**
 * Tells the service manager that a loop is alive: at least every half of the time that it waits for that, as it asks for.
 *
 * @see sd_watchdog_enabled(3)
 */
export class Watchdog {
  /** The longest time between two turns of the loop. */
  readonly lookMs: number
  readonly #fedEveryMs: number
  readonly #clock: Clock
  readonly #feed: () => void
  #fedMs: number | undefined

  constructor(environment: Environment, { clock, feed }: { readonly clock: Clock; readonly feed: () => void }) {
    const waitsMs = Number(nonEmpty(environment['WATCHDOG_USEC']) ?? Infinity) / 1000
    const halfMs = waitsMs > 0 ? waitsMs / 2 : Infinity
    // A turn that comes just too early to feed is followed by one within the other part of the half.
    this.#fedEveryMs = Math.min(FED_MS, halfMs / 2)
    this.lookMs = Math.max(1, Math.min(LOOK_MS, halfMs - this.#fedEveryMs))
    this.#clock = clock
    this.#feed = feed
  }

  /** The loop has taken a turn. */
  turn(): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#fedMs !== undefined && nowMs - this.#fedMs < this.#fedEveryMs) return
    this.#fedMs = nowMs
    this.#feed()
  }
}
