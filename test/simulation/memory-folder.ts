import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Where files cost the least. */
export function memoryFolder(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
}
