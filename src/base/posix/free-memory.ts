import { errnoOf } from '../errors.ts'
import { libc } from './libc.ts'

/**
 * Gives memory that was freed back to the machine, also where the C library keeps it between pieces that are still used;
 * takes milliseconds. A C library that cannot be asked to keeps what it keeps.
 *
 * @see malloc_trim(3)
 */
export function giveBackMemory(): void {
  try {
    libc().malloc_trim(0)
  } catch (error) {
    if (errnoOf(error) !== 'ENOSYS') throw error
  }
}
