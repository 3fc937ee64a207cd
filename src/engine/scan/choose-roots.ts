import { lstatSync } from 'node:fs'
import { type ByteString, bytesOf } from '../../base/byte-string.ts'
import { errnoOf, UsageError } from '../../base/errors.ts'
import { closeDescriptor } from '../../base/posix/descriptors.ts'
import { openDirectory } from '../../base/posix/directory.ts'
import { namesOfRoot } from './root-tree.ts'
import { isMissing, reasonOf, unreadableRoot } from './scan-errors.ts'
import type { ScanOptions } from './scan-options.ts'

export interface ChosenRoots {
  readonly roots: readonly ByteString[]
  /** Those that cannot be read now. Nothing is known of what lies below them. */
  readonly unreadable: readonly ByteString[]
}

/**
 * Returns the roots that can be scanned: those that lie in a directory which is never entered, or cannot be read, are
 * told and left out.
 *
 * @throws {SourceError} SOURCE_NOT_FOUND, SOURCE_UNREADABLE: no root can be read.
 * @throws {UsageError} BAD_ARGUMENT: a root is no absolute path; all lie in directories that are never entered.
 */
export function chooseRoots({
  roots,
  bare = [],
  leaveOut,
  trouble,
}: Pick<ScanOptions, 'roots' | 'bare' | 'leaveOut' | 'trouble'>): ChosenRoots {
  for (const root of [...roots, ...bare]) namesOfRoot(root)
  const outside = roots.filter((root) => !leaveOut.some((path) => root === path || root.startsWith(`${path}/`)))
  const failed = new Map<ByteString, unknown>()
  for (const root of outside) {
    try {
      look(root)
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      failed.set(root, error)
    }
  }
  const [first] = failed
  const isAnyLeft = outside.length > failed.size || bare.length > 0
  if (first !== undefined && !isAnyLeft) throw unreadableRoot(...first)
  if (!isAnyLeft) {
    throw new UsageError('BAD_ARGUMENT', 'everything named lies in the repository or in Tidemark’s own folders', {
      hint: 'Name a folder outside the repository.',
    })
  }
  const chosen = new Set(outside)
  for (const path of roots) if (!chosen.has(path)) trouble({ path, reason: 'repository' })
  for (const [path, error] of failed) {
    const code = errnoOf(error) ?? ''
    trouble({ path, reason: isMissing(code) ? 'missing' : reasonOf(code), error: error as Error })
  }
  return { roots: outside.filter((root) => !failed.has(root)), unreadable: [...failed.keys()] }
}

/** Throws what scanning the root would. */
function look(root: ByteString): void {
  if (lstatSync(bytesOf(root)).isDirectory()) closeDescriptor(openDirectory(root))
}
