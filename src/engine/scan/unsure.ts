import { STX_CTIME, STX_MTIME } from '../../base/posix/statx.ts'

/** The kernel's coarse clock ticks every 1 to 10 ms: two changes within a tick leave the same times. */
const FINE_MARGIN_MS = 30
/** File systems that keep whole seconds, or two of them. */
const COARSE_MARGIN_MS = 2000

/**
 * Tells whether a file was touched so shortly before the scan began, or since, that a change yet to come could leave
 * its times as they are now. Such an entry is looked at again next time, whatever its times say.
 */
export function isUnsure(stat: Int32Array, startedMs: number): boolean {
  return touchedSince(stat, STX_MTIME, startedMs) || touchedSince(stat, STX_CTIME, startedMs)
}

function touchedSince(stat: Int32Array, at: number, startedMs: number): boolean {
  const nanoseconds = stat[at + 2] ?? 0
  const ms = ((stat[at + 1] ?? 0) * 2 ** 32 + ((stat[at] ?? 0) >>> 0)) * 1000 + nanoseconds / 1e6
  const margin = nanoseconds === 0 ? COARSE_MARGIN_MS : FINE_MARGIN_MS
  // Times set into the far future by hand say nothing about when the file was touched.
  return ms >= startedMs - margin && ms < startedMs + 86_400_000
}
