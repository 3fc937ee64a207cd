import { assert } from '../base/assert.ts'
import { BLOB_ID_BYTES } from '../base/ids.ts'
import { BLOB_BYTES_MAX } from '../base/limits.ts'
import { malformed } from './malformed.ts'

/** Ids in one list blob, or in one entry. */
export const LIST_IDS_MAX = BLOB_BYTES_MAX / BLOB_ID_BYTES
/** Levels of lists above a file's data blobs: enough for any file at a few ids a list. */
export const LIST_LEVELS_MAX = 8

/** Returns the plaintext of a list blob, which is its 32-byte ids one after the other: `ids` itself, checked. */
export function encodeList(ids: Uint8Array): Uint8Array {
  assert(listProblem(ids) === undefined, 'a list holds 1..65536 whole blob ids')
  return ids
}

/**
 * Returns the 32-byte ids of a list blob one after the other: `bytes` itself, checked.
 *
 * @throws {IntegrityError} MALFORMED
 * @see docs/format.md, "List"
 */
export function decodeList(bytes: Uint8Array): Uint8Array {
  const problem = listProblem(bytes)
  if (problem !== undefined) throw malformed('list', problem)
  return bytes
}

function listProblem(ids: Uint8Array): string | undefined {
  if (ids.byteLength === 0) return 'it is empty'
  if (ids.byteLength % BLOB_ID_BYTES !== 0) return `${ids.byteLength} bytes are not whole blob ids`
  if (ids.byteLength > LIST_IDS_MAX * BLOB_ID_BYTES) return `it has ${ids.byteLength} bytes`
  return undefined
}
