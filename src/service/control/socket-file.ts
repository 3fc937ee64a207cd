import { lstatSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'

import { DaemonError, errnoOf } from '../../base/errors.ts'

/** Bits of a folder's mode by which others than its owner could put something into it. */
const OTHERS_WRITE = 0o022

/**
 * Tells whether there is a socket at `path` that only the user `uid` can have put there; whether anybody listens is another
 * question.
 *
 * @throws {DaemonError} DAEMON_FAILED: it, or its folder, is another user's.
 */
export function isOwnSocket(path: string, uid: number): boolean {
  const socket = statOf(path)
  if (socket === undefined) return false
  requireOwnFolder(path, uid)
  if (socket.uid !== uid) throw notOwn(path)
  return socket.isSocket()
}

/** @throws {DaemonError} DAEMON_FAILED: others than the user `uid` can put things into the folder of `path`. */
export function requireOwnFolder(path: string, uid: number): void {
  const folder = statOf(dirname(path))
  if (folder === undefined) return
  if (folder.uid !== uid || (folder.mode & OTHERS_WRITE) !== 0) throw notOwn(path)
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

/** Returns the error of a socket that another user has, or may have, put there. */
export function notOwn(path: string): DaemonError {
  return new DaemonError(
    'DAEMON_FAILED',
    `the control socket ${path} belongs to another user, or others may write there`,
    {
      context: { path },
      hint: 'Nothing was sent to it. Look who made it; TIDEMARK_STATE_DIR chooses another folder.',
    },
  )
}
