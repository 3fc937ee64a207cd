import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

import { userDirectories } from './environment.ts'

/** Starts the command line, with compiled code kept in the user's cache so that the next start is fast. */
export async function start(): Promise<void> {
  // Has to come before the code that it is to keep is imported. Where it cannot write, it does nothing.
  const { cacheDirectory } = userDirectories(process.env)
  if (cacheDirectory !== undefined) enableCompileCache(join(cacheDirectory, 'code'))
  const { main } = await import('./main.ts')
  await main(process.argv.slice(2))
}
