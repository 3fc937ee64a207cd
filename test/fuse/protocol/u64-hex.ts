/** Returns a 64-bit number in hexadecimal, from its two words. */
export function u64Hex(low: number, high: number): string {
  return ((BigInt(high) << 32n) | BigInt(low)).toString(16)
}
