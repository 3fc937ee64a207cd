// Reads a mounted repository for as long as it is let, the way people and programs do who come and go. Every file that it
// reads is called by the SHA-256 of what it has to hold.
//
//   node mount-reader.ts POINTS SEED      prints a line once it has read something, and what it met, as JSON, when it gets SIGTERM
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { errnoOf } from '../../src/base/errors.ts'
import { seededRandomness } from './seeded-randomness.ts'

/** What a reader met. */
export interface ReaderReport {
  /** Files that were what they should be. */
  readonly read: number
  /** What went away while it was looked at. */
  readonly gone: number
  /** Files with other bytes, and failures of points that were still there afterwards. */
  readonly wrong: readonly string[]
}

const PAUSE_MS = 5
const [points = '', seed = ''] = process.argv.slice(2)
const random = seededRandomness(seed)
const wrong: string[] = []
let [read, gone] = [0, 0]

/** Reads a few files of one point, chosen by chance. */
function visit(point: string): void {
  try {
    for (let folder = join(points, point); ;) {
      const names = readdirSync(folder)
      const name = names[(random.bytes(1)[0] ?? 0) % names.length]
      if (name === undefined) return
      const path = join(folder, name)
      if (lstatSync(path).isDirectory()) {
        folder = path
        continue
      }
      const bytes = readFileSync(path)
      if (createHash('sha256').update(bytes).digest('hex') !== name) wrong.push(`${path} has other bytes`)
      else if (++read === 1) process.stdout.write('\n')
      return
    }
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined) throw error
    // What is forgotten may go at any moment; what is not may not.
    if (existsSync(join(points, point)) && errno !== 'ENOENT') wrong.push(`${point}: ${errno}`)
    else gone++
  }
}

const turn = setInterval(() => {
  const names = readdirSync(points)
  const point = names[(random.bytes(1)[0] ?? 0) % names.length]
  if (point !== undefined) visit(point)
}, PAUSE_MS)

process.once('SIGTERM', () => {
  clearInterval(turn)
  process.stdout.write(JSON.stringify({ read, gone, wrong } satisfies ReaderReport))
})
