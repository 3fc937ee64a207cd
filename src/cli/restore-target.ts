import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'

import { errnoOf, TargetError, UsageError } from '../base/errors.ts'

export interface RestoreTarget {
  /** An absolute path; `undefined`: everything goes to where it came from. */
  readonly target: string | undefined
  /** Whether there is nothing that could be overwritten. */
  readonly isEmpty: boolean
}

/**
 * Returns where a restore goes.
 *
 * @throws {UsageError} BAD_ARGUMENT: neither `target` nor `inPlace`; the target is no folder.
 * @throws {TargetError} TARGET_DENIED, TARGET_FAILED: the target cannot be looked into.
 */
export async function restoreTarget(
  workingDirectory: string,
  flags: { readonly target?: string; readonly inPlace?: boolean },
): Promise<RestoreTarget> {
  if (flags.inPlace === true) return { target: undefined, isEmpty: false }
  if (flags.target === undefined || flags.target === '') {
    throw new UsageError('BAD_ARGUMENT', 'where to restore to was not said', {
      hint: 'Name a folder with --target DIR, or say --in-place.',
    })
  }
  const target = resolve(workingDirectory, flags.target)
  try {
    return { target, isEmpty: (await readdir(target)).length === 0 }
  } catch (cause) {
    const errno = errnoOf(cause)
    if (errno === 'ENOENT') return { target, isEmpty: true }
    const details = { context: { path: target }, cause, hint: 'Choose another folder with --target.' }
    const what = `${target} cannot be restored into`
    if (errno === 'ENOTDIR') throw new UsageError('BAD_ARGUMENT', `${what}: it is not a folder`, details)
    const isDenied = errno === 'EACCES' || errno === 'EPERM'
    const why = isDenied ? `permission denied (${errno})` : (errno ?? 'unknown')
    throw new TargetError(isDenied ? 'TARGET_DENIED' : 'TARGET_FAILED', `${what}: ${why}`, details)
  }
}
