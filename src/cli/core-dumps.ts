import { writeFileSync } from 'node:fs'

/**
 * Keeps the memory of this process, passwords and keys in it, out of core dumps: on Linux, where the process can say
 * so without any library. Elsewhere nothing happens; `ulimit -c 0` does the same.
 *
 * @see core(5), /proc/pid/coredump_filter
 */
export function leaveMemoryOutOfCoreDumps(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0')
  } catch {
    // Not Linux, or no /proc.
  }
}
