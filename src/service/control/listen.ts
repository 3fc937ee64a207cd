import { chmodSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'

import { DaemonError, errnoOf } from '../../base/errors.ts'
import { makeFolders } from '../../base/make-folders.ts'
import { isOwnSocket, requireOwnFolder } from './socket-file.ts'

/** Longest path that an address of a Unix socket holds, in bytes: unix(7). */
const PATH_BYTES_MAX = 107
/** Who listens answers at once, even on a busy machine: connecting needs none of its time. */
const ANSWER_MS_MAX = 2000

/**
 * Has a server listen at `path`, for the user alone (0600, in a folder with 0700). A socket that nobody listens at any more
 * is replaced.
 *
 * @throws {DaemonError} DAEMON_FAILED: somebody listens there already, it is another user's, or it cannot be made.
 */
export async function listenAt(server: Server, path: string, uid: number): Promise<void> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw cannot(path, 'the path is too long for a socket', undefined)
  try {
    makeFolders(dirname(path), 0o700)
    requireOwnFolder(path, uid)
    if (isOwnSocket(path, uid)) {
      if (await answers(path)) throw taken(path)
      rmSync(path, { force: true })
    }
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    })
    chmodSync(path, 0o600)
  } catch (error) {
    const errno = errnoOf(error)
    if (error instanceof DaemonError || errno === undefined) throw error
    if (errno === 'EADDRINUSE' && isOwnSocket(path, uid)) throw taken(path)
    throw cannot(path, errno === 'EADDRINUSE' ? 'something else lies there' : errno, error)
  }
}

/** Tells whether somebody listens at a socket. Where in doubt, somebody does. */
async function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(ANSWER_MS_MAX, () => end(true))
    socket.once('connect', () => end(true))
    socket.once('error', (error) => {
      const errno = errnoOf(error)
      end(errno !== 'ECONNREFUSED' && errno !== 'ENOENT')
    })
  })
}

function taken(path: string): DaemonError {
  return new DaemonError('DAEMON_FAILED', `a daemon runs already: it listens at ${path}`, {
    context: { path },
    hint: '`tidemark daemon status` tells of it, `tidemark daemon stop` ends it.',
  })
}

function cannot(path: string, why: string, cause: unknown): DaemonError {
  return new DaemonError('DAEMON_FAILED', `no socket can be made at ${path}: ${why}`, {
    cause,
    context: { path },
    hint: 'Check that its folder is yours and has room, or choose another one with TIDEMARK_STATE_DIR.',
  })
}
