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

/** Says that no plan begins by itself, on one line of the smallest terminal, and what to do about it. */
export function noDaemonText(host: HostData): string {
  switch (host.kind) {
    case 'daemon-gone':
      return `The daemon is gone since ${shownTime(host.sinceMs)}: no plan begins by itself.`
    case 'other-daemon':
      return `No plan begins by itself here: ${host.why}`
    default:
      return 'No daemon runs, so no plan begins by itself: type `tidemark daemon install`'
  }
}

/** Tells whether somebody else than usual runs jobs. */
export function isHostUnwell({ kind }: HostData): boolean {
  return kind === 'daemon-gone' || kind === 'other-daemon'
}
