import { libc } from './libc.ts'

/**
 * Ends the process now, with all its threads.
 *
 * Node's own exit waits for every thread to leave its system call, and one that reads a device may never. Nothing is
 * cleaned up and no handler of `exit` runs after this one. @see _exit(2)
 */
export function exitAtOnce(code: number): never {
  return libc()._exit(code)
}
