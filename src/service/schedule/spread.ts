import { createHash } from 'node:crypto'

/**
 * Returns a whole number of 0..range-1 that is always the same for a seed, and even over seeds: who shares a window
 * starts at different moments of it, each at the same one every time.
 */
export function spread(seed: string, range: number): number {
  const digest = createHash('sha256').update(seed).digest()
  return Math.floor((digest.readUIntBE(0, 6) / 2 ** 48) * range)
}
