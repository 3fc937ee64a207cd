import type { HostData } from '../../src/service/application/shown.ts'
import { shownTime } from './when.ts'

/** Returns who runs jobs, in one line. */
export function shownHost(host: HostData): string {
  switch (host.kind) {
    case 'daemon':
      return 'the daemon: they go on when this is left'
    case 'this-process':
      return 'this process: they end when it is left'
    case 'daemon-gone':
      return `this process: the daemon is gone since ${shownTime(host.sinceMs)}`
    case 'other-daemon':
      return `this process: ${host.why}`
  }
}

/** Says that no plan begins by itself, and what to do about it. */
export function noDaemonText(host: HostData): string {
  const otherwise = 'so no plan begins by itself here'
  switch (host.kind) {
    case 'daemon-gone':
      return `The daemon is gone since ${shownTime(host.sinceMs)}, ${otherwise}: start \`tidemark daemon\``
    case 'other-daemon':
      return `${host.why}, ${otherwise}`
    default:
      return `No daemon runs, ${otherwise}: type \`tidemark daemon install\``
  }
}

/** Tells whether somebody else than usual runs jobs. */
export function isHostUnwell({ kind }: HostData): boolean {
  return kind === 'daemon-gone' || kind === 'other-daemon'
}
