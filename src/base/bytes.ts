import { timingSafeEqual } from 'node:crypto'

/** Returns lower-case hexadecimal, two characters a byte. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** Returns the bytes of `hex`, which must be an even number of hexadecimal digits, or `undefined`. */
export function fromHex(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex)) return undefined
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** Returns a fresh array that holds `parts` one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let total = 0
  for (const part of parts) total += part.byteLength
  const joined = new Uint8Array(total)
  setBytes(joined, parts)
  return joined
}

/** Writes `parts` one after the other to the beginning of `target`, which has room for them. */
export function setBytes(target: Uint8Array, parts: readonly Uint8Array[]): void {
  let offset = 0
  for (const part of parts) {
    target.set(part, offset)
    offset += part.byteLength
  }
}

/** Compares in constant time for equal lengths; arrays of different lengths are unequal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}

export function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'))
}
