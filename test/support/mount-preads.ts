// Reads ranges of a mounted file by chance and compares each with the same range of its source.
//
//   node mount-preads.ts MOUNTED SOURCE COUNT SEED [direct]      prints how many were right; the first that is not ends it
//
// With `direct`, past the page cache: every range is asked of the mount.
import { constants, fstatSync, openSync, readSync } from 'node:fs'

import { seededRandomness } from './seeded-randomness.ts'

const LENGTH_MAX = 16 << 10
const [mounted = '', source = '', count = '0', seed = '', mode] = process.argv.slice(2)
const random = seededRandomness(seed)
const file = openSync(mounted, constants.O_RDONLY | (mode === 'direct' ? constants.O_DIRECT : 0))
const original = openSync(source, 'r')
const { size } = fstatSync(original)
const [got, wanted] = [Buffer.alloc(LENGTH_MAX), Buffer.alloc(LENGTH_MAX)]

for (let i = 0; i < Number(count); i++) {
  const numbers = new DataView(random.bytes(8).buffer)
  // Past the end as well: a read there is short, or empty.
  const offset = numbers.getUint32(0) % (size + LENGTH_MAX)
  const length = 1 + (numbers.getUint32(4) % LENGTH_MAX)
  const bytes = readSync(file, got, 0, length, offset)
  const bytesWanted = readSync(original, wanted, 0, length, offset)
  if (bytes !== bytesWanted || Buffer.compare(got.subarray(0, bytes), wanted.subarray(0, bytes)) !== 0) {
    throw new Error(`${length} bytes at ${offset} are not those of the source`)
  }
}
process.stdout.write(count)
