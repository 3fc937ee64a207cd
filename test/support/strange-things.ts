import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'

/** What may lie in the place of a file, and how it gets there. */
export const STRANGE_THINGS: readonly (readonly [what: string, put: (path: string) => Promise<void>])[] = [
  ['a named pipe', async (path) => void execFileSync('mkfifo', [path])],
  ['a folder', async (path) => mkdirSync(path)],
  ['a link to nowhere', async (path) => symlinkSync('nowhere', path)],
  ['a socket', putSocket],
]

/** A socket is bound to a short path only, and may be moved then. */
async function putSocket(path: string): Promise<void> {
  const short = join(dirname(path), 'socket')
  const server = createServer().listen(short)
  await once(server, 'listening')
  renameSync(short, path)
  server.close()
  await once(server, 'close')
}
