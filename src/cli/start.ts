import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

import { userDirectories } from './environment.ts'

/** Starts the command line, with compiled code kept in the user's cache so that the next start is fast. */
export async function start(): Promise<void> {
  // Has to come before the code that it is to keep is imported. Where it cannot write, it does nothing.
  const { cacheDirectory } = userDirectories(process.env)
  if (cacheDirectory !== undefined) enableCompileCache(join(cacheDirectory, 'code'))
  // The nursery stays at two megabytes: grown to its usual 33 it holds a scan's garbage that nobody collects.
  setFlagsFromString('--semi-space-growth-factor=1')
  const { main } = await import('./main.ts')
  await main(process.argv.slice(2))
}
