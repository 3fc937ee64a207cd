import { createHash } from 'node:crypto'
import { closeSync, existsSync, lstatSync, openSync, readFileSync, writeSync } from 'node:fs'

import { machineTrees, walk } from './machine-trees.ts'
import { SeededBytes } from './seeded-bytes.ts'

const TEXT_SUFFIX = /\.(?:py|pyi|h|hpp|c|cc|cpp|js|mjs|cjs|ts|mts|cts|json|md|txt|rst|html|css|xml|svg|map|po|tcl|ipp)$/
const SECTION_BYTES = 6_000_000

/** Calls `take` with each distinct text file of the machine's trees until it answers false. */
function forEachText(take: (content: Uint8Array) => boolean): void {
  const seen = new Set<string>()
  const { headers, python, modules } = machineTrees()
  for (const root of [...headers, ...modules, ...python, '/usr/share/doc', '/usr/share/perl', '/usr/share/vim']) {
    if (!existsSync(root)) continue
    const isWanted = walk(root, (path, kind) => {
      if (kind !== 'file' || !TEXT_SUFFIX.test(path) || lstatSync(path).size > 4 * SECTION_BYTES) return true
      const content = readFileSync(path)
      const hash = createHash('sha256').update(content).digest('base64')
      if (seen.has(hash)) return true
      seen.add(hash)
      return take(content)
    })
    if (!isWanted) return
  }
}

/** Writes lines of `texts` in a seeded order: real text once more, without a long repetition. */
function* shuffledLines(random: SeededBytes, texts: readonly Uint8Array[]): Generator<Uint8Array, never> {
  const lines = texts.flatMap((text) => Buffer.from(text).toString('latin1').split('\n'))
  for (;;) {
    let section = ''
    while (section.length < 1 << 16) {
      const start = random.below(lines.length)
      section += `${lines.slice(start, start + 3).join('\n')}\n`
    }
    yield Buffer.from(section, 'latin1')
  }
}

/** Writes the corpus of one large file at `path`: sections of real text, every third of random bytes. */
export function buildLargeCorpus(path: string, bytes: number): void {
  const random = new SeededBytes('large corpus')
  const file = openSync(path, 'w')
  const sample: Uint8Array[] = []
  let sampleBytes = 0
  let written = 0
  let textBytes = 0
  const write = (content: Uint8Array): boolean => {
    const part = content.subarray(0, bytes - written)
    writeSync(file, part)
    written += part.length
    textBytes += part.length
    if (textBytes >= 2 * SECTION_BYTES && written < bytes) {
      const noise = random.bytes(Math.min(Math.floor(textBytes / 2), bytes - written))
      writeSync(file, noise)
      written += noise.length
      textBytes = 0
    }
    return written < bytes
  }
  forEachText((content) => {
    if (sampleBytes < 4 * SECTION_BYTES) {
      sample.push(content)
      sampleBytes += content.length
    }
    return write(content)
  })
  if (written < bytes) for (const section of shuffledLines(random, sample)) if (!write(section)) break
  closeSync(file)
}
