import { readFileSync } from 'node:fs'
import type { ProcessRights } from './restore-job.ts'

/** Assumed where the kernel does not tell: every mode is then set explicitly. */
const UMASK_UNKNOWN = 0o777

/** Returns who this process is, and its umask, without changing it as umask(2) would for a moment. */
export function processRights(): ProcessRights {
  return { uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1, umask: currentUmask() }
}

function currentUmask(): number {
  try {
    const line = /^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))
    return line?.[1] === undefined ? UMASK_UNKNOWN : Number.parseInt(line[1], 8)
  } catch {
    return UMASK_UNKNOWN
  }
}
