import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { SeededBytes } from './seeded-bytes.ts'

const FILES_PER_FOLDER = 100
const FILE_BYTES = 1_000

/** Builds a corpus of `files` small files at `path`: seeded, all distinct, half of their bytes compressible. */
export function buildGrowthCorpus(path: string, files: number): void {
  const random = new SeededBytes('growth corpus')
  for (let first = 0; first < files; first += FILES_PER_FOLDER) {
    const folder = join(path, `${Math.floor(first / (50 * FILES_PER_FOLDER))}`, `${first / FILES_PER_FOLDER}`)
    mkdirSync(folder, { recursive: true })
    for (let file = first; file < Math.min(files, first + FILES_PER_FOLDER); file++) {
      const noise = Buffer.from(random.bytes(Math.ceil(random.size(FILE_BYTES) / 2))).toString('hex')
      writeFileSync(join(folder, `file-${file}.txt`), noise)
    }
  }
}
