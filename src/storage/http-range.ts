import type { ByteRange } from './driver.ts'

/**
 * Returns the Range header that asks for `range`; `undefined` where a header cannot say it: an empty range, or numbers
 * that mean nothing.
 *
 * @see RFC 9110, 14
 */
export function rangeHeader({ offset, length }: ByteRange): string | undefined {
  const isPlain = Number.isSafeInteger(offset) && Number.isSafeInteger(offset + length) && offset >= 0 && length > 0
  return isPlain ? `bytes=${offset}-${offset + length - 1}` : undefined
}

/** Returns where the bytes of a partial answer begin in the object, and how many that has in all. */
export function parseContentRange(
  header: string | undefined,
): { readonly start: number; readonly total: number } | undefined {
  const match = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(header ?? '')
  return match === null ? undefined : { start: Number(match[1]), total: Number(match[2]) }
}
