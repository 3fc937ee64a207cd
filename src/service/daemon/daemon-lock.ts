import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { utf8 } from '../../base/bytes.ts'
import { DaemonError, errnoOf } from '../../base/errors.ts'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'

const PID_BYTES_MAX = 32

/**
 * Makes this process the one daemon of a state folder until it is disposed of or ends, however it ends.
 *
 * The lock is SQLite's own, which the kernel lets go of with the process: no stale one is ever left behind.
 * @throws {DaemonError} DAEMON_FAILED: another one is, and which; or the folder cannot be used.
 */
export function lockDaemon(stateDirectory: string, pid: number): Disposable {
  const pidFile = join(stateDirectory, 'daemon.pid')
  const database = openLock(stateDirectory)
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (errnoOf(error) !== 'ERR_SQLITE_ERROR') throw error
    const other = Buffer.from(readPrivateFile(pidFile, PID_BYTES_MAX) ?? []).toString('latin1')
    throw new DaemonError('DAEMON_FAILED', `a daemon runs already: process ${other.trim() || 'unknown'}`, {
      cause: error,
      hint: '`tidemark daemon status` tells of it, `tidemark daemon stop` ends it.',
    })
  }
  writePrivateFile(pidFile, utf8(`${pid}\n`))
  return { [Symbol.dispose]: () => database.close() }
}

function openLock(stateDirectory: string): DatabaseSync {
  try {
    mkdirSync(stateDirectory, { recursive: true, mode: 0o700 })
    return new DatabaseSync(join(stateDirectory, 'daemon.lock'), { timeout: 0 })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new DaemonError('DAEMON_FAILED', `the folder ${stateDirectory} cannot be used: ${why}`, {
      cause,
      context: { stateDirectory },
      hint: 'Check that it belongs to you and has room, or choose another one with TIDEMARK_STATE_DIR.',
    })
  }
}
