import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoOf } from './errors.ts'

/**
 * Makes a folder and those above it, as far as they are not there.
 *
 * Node's own recursive mkdir reports a read-only file system as ENOENT, and never returns below /proc.
 * @throws the error of mkdir(2): EACCES, EROFS, ENOSPC, ENOTDIR, ENOENT where folders cannot be made at all.
 */
export function makeFolders(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'EEXIST') return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path) throw error
    makeFolders(parent, mode)
    mkdirSync(path, { mode })
  }
}
