import { endianness } from 'node:os'

const bigEndian = endianness() === 'BE'

/**
 * Returns `bytes` as little-endian numbers of 32 bits, in an aligned array of its own.
 *
 * The caller has checked that there are whole ones.
 */
export function u32sOfBytes(bytes: Uint8Array): Uint32Array {
  const numbers = new Uint32Array(bytes.byteLength / 4)
  const target = Buffer.from(numbers.buffer)
  target.set(bytes)
  if (bigEndian) target.swap32()
  return numbers
}

/** Returns the little-endian bytes of `numbers`: a view of them where the machine is little-endian, else a copy. */
export function bytesOfU32s(numbers: Uint32Array): Uint8Array {
  const view = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  return bigEndian ? Buffer.from(view).swap32() : view
}
