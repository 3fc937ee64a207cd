import type { ByteString } from '../../base/byte-string.ts'
import type { ScanPass, Source } from '../source.ts'

/** The part that directories go into. */
export const FILES_PART = 'files'

/** Directories and files of this machine. The chain is that of the roots; rules may change from point to point. */
export function directorySource(pass: Omit<ScanPass, 'kind'>): Source {
  const roots: readonly ByteString[] = [...new Set(pass.roots)].sort()
  return {
    kind: 'directory',
    identity: roots,
    labels: roots,
    read: (run) => run.pass(FILES_PART, { kind: 'scan', ...pass, roots }),
  }
}
