import { UsageError } from '../../src/base/errors.ts'

/** Where a repository lies on a removable volume. */
export interface ExternalLocation {
  readonly label: string
  /** Below the volume's root, without `/` at either end. */
  readonly folder: string
}

const DEFAULT_NAME = 'escapepod'

/**
 * Returns what `external:LABEL[/folder]` names; both are `escapepod` where they are left out.
 *
 * @throws {UsageError} BAD_ARGUMENT: no label, or a folder that leads out of the volume.
 */
export function parseExternalUrl(url: string): ExternalLocation {
  const rest = url.replace(/^external:/i, '')
  const [label = '', ...names] = rest.split('/')
  const folder = names.filter((name) => name !== '')
  if (/\0/.test(rest) || folder.some((name) => name === '.' || name === '..')) {
    throw new UsageError('BAD_ARGUMENT', `${url} names no folder of a volume`, {
      hint: 'Write external:LABEL/folder, or only external: for the volume labelled escapepod.',
    })
  }
  return {
    label: label === '' ? DEFAULT_NAME : label,
    folder: folder.length === 0 ? DEFAULT_NAME : folder.join('/'),
  }
}
