import type { SkipReason, TroubleReason } from '../engine/backup-types.ts'

interface Omission {
  /** Before a path. */
  readonly short: string
  /** Behind a number of entries. */
  readonly counted: string
  /** What includes it the next time. */
  readonly remedy?: string
}

const SKIPS: Readonly<Record<SkipReason, Omission>> = {
  excluded: { short: 'excluded', counted: 'excluded', remedy: 'by --exclude or --exclude-file' },
  'other-file-system': {
    short: 'other file system',
    counted: 'on another file system',
    remedy: 'included with --cross-filesystems',
  },
  repository: { short: 'Tidemark’s own', counted: 'the repository, or another folder of Tidemark’s own' },
  nobackup: { short: '.nobackup', counted: 'marked by .nobackup', remedy: 'included without that file' },
  'cache-directory': { short: 'cache', counted: 'marked as a cache', remedy: 'by --exclude-caches' },
  'marker-file': { short: 'marked', counted: 'marked by a file', remedy: 'by --exclude-if-present' },
  'mounted-point': { short: 'mounted point', counted: 'where Restoring Points are mounted' },
}

const TROUBLES: Readonly<Record<TroubleReason, Omission>> = {
  missing: { short: 'not there', counted: 'named to be backed up and not there' },
  vanished: { short: 'vanished', counted: 'vanished while being read' },
  changed: { short: 'changed', counted: 'changed while being read' },
  denied: { short: 'no permission', counted: 'not readable: no permission' },
  'io-error': { short: 'read error', counted: 'not readable: the disk or file system failed' },
  'name-too-long': { short: 'name too long', counted: 'with a path that is too long' },
  unsupported: { short: 'unsupported', counted: 'of a kind that cannot be stored' },
}

/** How each reason why something is not in a point is told. */
export const OMISSIONS: Readonly<Record<SkipReason | TroubleReason, Omission>> = { ...SKIPS, ...TROUBLES }

/** Tells what was left out on purpose from what could not be read. */
export function isSkip(reason: SkipReason | TroubleReason): reason is SkipReason {
  return Object.hasOwn(SKIPS, reason)
}
