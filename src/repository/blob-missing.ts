import { toHex } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'

/** Returns the error of a blob, 32 bytes of id, that no index names: mostly the index is what is lost. */
export function blobNotIndexed(id: Uint8Array): IntegrityError {
  const blob = toHex(id)
  return new IntegrityError('BLOB_MISSING', `no index names the blob ${blob}`, {
    context: { blob },
    hint: 'Run `tidemark check`: if the index is lost, `check --repair` makes it anew from the packs.',
  })
}
