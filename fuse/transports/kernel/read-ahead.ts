import { writeFileSync } from 'node:fs'

/** What one sequential reader keeps under way: as many as four requests of the largest size. */
const READ_AHEAD_KIB = 4096

/** Lets the kernel read ahead further than it does of itself, which root may do; without the right nothing changes. */
export function raiseReadAhead(deviceNumber: string): void {
  try {
    writeFileSync(`/sys/class/bdi/${deviceNumber}/read_ahead_kb`, `${READ_AHEAD_KIB}`)
  } catch {
    // It is only faster with it: /sys may be read-only, or this user not root.
  }
}
