import { sendDatagram } from '../base/posix/datagram.ts'
import { utf8 } from '../base/bytes.ts'
import { PosixError } from '../base/posix/posix-error.ts'
import type { Environment } from './environment.ts'
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
