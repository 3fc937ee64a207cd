import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/**
 * Frees at once what nothing on this thread refers to any longer; takes milliseconds where the heap is small.
 *
 * V8 does not count shared memory: without this, a thread that makes little garbage keeps tables that were replaced long ago.
 * @see docs/decisions/0107-memory-that-nobody-counts.md
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    // Only contexts that are made after the flag is set have the function.
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
}
