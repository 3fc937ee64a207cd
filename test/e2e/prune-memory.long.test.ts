import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { measure } from '../bench/measure.ts'
import { CliPlace, PROGRAM } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

interface Corpus {
  readonly files: number
  readonly fileBytes: number
}

const MIB = 1 << 20
const FILES_PER_FOLDER = 1000

/** Returns the peak memory of a prune that writes all packs anew, since points need half of what is in each; in bytes. */
async function peakOfPrune({ files, fileBytes }: Corpus): Promise<number> {
  const place = new CliPlace()
  await place.init()
  const paths = Array.from({ length: files }, (_, i) => {
    return join(place.source, `folder-${Math.floor(i / FILES_PER_FOLDER)}`, `file-${i}`)
  })
  for (const [i, path] of paths.entries()) {
    if (i % FILES_PER_FOLDER === 0) mkdirSync(join(path, '..'))
    writeFileSync(path, patternBytes(fileBytes, i))
  }
  await place.succeed(['backup', place.source])
  for (const [i, path] of paths.entries()) if (i % 2 === 0) rmSync(path)
  await place.succeed(['backup', place.source])
  await place.succeed(['forget', 'latest~1'])
  const words = [process.execPath, PROGRAM, 'prune', '--exclusive', '--max-unused', '0'] as const
  const { peakBytes } = await measure({ words, environment: place.environment, cwd: place.folder })
  await place.succeed(['check', '--read-data'])
  return peakBytes
}

const CORPORA = {
  few: { files: 64, fileBytes: 6 * MIB },
  large: { files: 64, fileBytes: 20 * MIB },
  small: { files: 64, fileBytes: MIB / 2 },
  many: { files: 100_000, fileBytes: 300 },
}

test('nearly a gigabyte more of packs takes a prune less than 100 MiB of memory more', async () => {
  const few = await peakOfPrune(CORPORA.few)
  expect((await peakOfPrune(CORPORA.large)) - few).toBeLessThan(100 * MIB)
})

test('a hundred thousand blobs more take it less than 100 MiB more', async () => {
  const small = await peakOfPrune(CORPORA.small)
  expect((await peakOfPrune(CORPORA.many)) - small).toBeLessThan(100 * MIB)
})
