const TWO_32 = 2 ** 32
/** What does not fit a number exactly is left out: 53 bits remain. */
const HIGH_MASK = 0x1f_ffff
const RESERVED = 2

/**
 * Returns the inode number of what is called bytes [start, end) of `names` in the directory with number `parent`.
 *
 * A hash, so that it is the same whenever somebody asks, and different in every point: tools take two files with one
 * number for the same file. Among a million files two share one by chance once in ten thousand mounts.
 */
export function inodeNumber(parent: number, names: Uint8Array, start: number, end: number): number {
  let a = (parent % TWO_32) ^ 0xdead_beef
  let b = (parent / TWO_32) ^ 0x41c6_ce57
  for (let i = start; i < end; i++) {
    const byte = names[i] as number
    a = Math.imul(a ^ byte, 0x9e37_79b1)
    b = Math.imul(b ^ byte, 0x5f35_6495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85eb_ca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2_ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85eb_ca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2_ae35)
  return Math.max((b & HIGH_MASK) * TWO_32 + (a >>> 0), RESERVED)
}
