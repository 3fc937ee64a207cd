import type { ByteRange } from '../../storage/driver.ts'
import { Refusal } from './refusal.ts'

/**
 * Returns the bytes that a Range header asks for of `bytes`; `undefined` for all of them: without a header, and for the
 * forms that nobody here sends, which a server may pass over.
 *
 * @throws {Refusal} 416
 * @see RFC 9110, 14.2
 */
export function rangeOf(header: string | undefined, bytes: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '') return undefined
  const offset = Number(first)
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  if (last !== '' && Number(last) < offset) return undefined
  if (offset <= end) return { offset, length: end - offset + 1 }
  throw new Refusal(416, 'OUT_OF_RANGE', 'the range does not lie inside the object', { members: { bytes } })
}
