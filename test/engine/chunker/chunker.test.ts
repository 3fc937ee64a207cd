import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { compileGear } from '../../../src/engine/chunker/build-gear.ts'
import { type ChunkerParameters, gearTable } from '../../../src/engine/chunker/chunker.ts'
import { gearWasm } from '../../../src/engine/chunker/gear-wasm.ts'
import { CHUNKER_DEFAULT } from '../../../src/format/chunker-parameters.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { cutAll, vectorContent } from '../../vectors/generate-chunker.ts'

const SMALL: ChunkerParameters = { minBytes: 64, avgBytes: 256, maxBytes: 1024 }
const seed = new Uint8Array(32).fill(5)
const folder = join(import.meta.dirname, '../../vectors/chunker')

/** Cuts as docs/format.md says, a byte at a time. */
function cutByTheBook(
  content: Uint8Array,
  table: Uint32Array,
  { minBytes, avgBytes, maxBytes }: ChunkerParameters,
): number[] {
  const bits = Math.round(Math.log2(avgBytes))
  const lengths: number[] = []
  for (let start = 0; start < content.byteLength;) {
    let end = Math.min(start + maxBytes, content.byteLength)
    let hash = 0
    for (let at = start; at < end; at++) {
      hash = (Math.imul(hash, 2) + table[content[at]!]!) >>> 0
      const length = at - start
      if (length < minBytes) continue
      const wanted = length < avgBytes ? bits : bits - 2
      if (hash >>> (32 - wanted) === 0) end = at
    }
    lengths.push(end - start)
    start = end
  }
  return lengths
}

describe('the golden cuts', () => {
  test.each(readdirSync(folder))('of %s are found, and by the book', (name) => {
    const vector = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
      seed: string
      parameters: ChunkerParameters
      tableStart: string
      content: 'blocks' | 'zeros'
      contentBytes: number
      lengths: number[]
    }
    const key = fromHex(vector.seed)!
    const table = gearTable(key)
    expect(toHex(table.subarray(0, 64))).toBe(vector.tableStart)
    const content = vectorContent(vector.content, vector.contentBytes)
    expect(cutAll(content, key, vector.parameters)).toEqual(vector.lengths)
    expect(cutByTheBook(content, new Uint32Array(table.buffer), vector.parameters)).toEqual(vector.lengths)
  })
})

test('any content is cut by the book', () => {
  const table = new Uint32Array(gearTable(seed).buffer)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5000 }), fc.nat(), (length, pattern) => {
      const content = patternBytes(length, pattern)
      expect(cutAll(content, seed, SMALL)).toEqual(cutByTheBook(content, table, SMALL))
    }),
    { numRuns: 60 },
  )
})

test('chunks keep to their bounds and their average', () => {
  const lengths = cutAll(patternBytes(40 << 20, 7), seed, CHUNKER_DEFAULT)
  const { minBytes, avgBytes, maxBytes } = CHUNKER_DEFAULT
  for (const length of lengths.slice(0, -1)) {
    expect(length).toBeGreaterThanOrEqual(minBytes)
    expect(length).toBeLessThanOrEqual(maxBytes)
  }
  const average = (40 << 20) / lengths.length
  expect(average).toBeGreaterThan(avgBytes * 0.75)
  expect(average).toBeLessThan(avgBytes * 1.5)
})

test('bytes put in front move the cuts with the content', () => {
  const content = patternBytes(100_000, 9)
  const ends = (lengths: readonly number[], shift: number): Set<number> => {
    let end = -shift
    return new Set(lengths.map((length) => (end += length)))
  }
  const before = ends(cutAll(content, seed, SMALL), 0)
  const moved = ends(cutAll(Buffer.concat([Buffer.from('seventeen bytes, 0'), content]), seed, SMALL), 18)
  const shared = [...before].filter((end) => moved.has(end)).length
  expect(shared).toBeGreaterThan(before.size * 0.95)
})

test('another seed cuts the same content elsewhere', () => {
  const content = patternBytes(100_000, 9)
  const ends = (key: Uint8Array): Set<number> => {
    let end = 0
    return new Set(cutAll(content, key, SMALL).map((length) => (end += length)))
  }
  const [one, other] = [ends(seed), ends(new Uint8Array(32).fill(6))]
  expect([...one].filter((end) => other.has(end)).length).toBeLessThan(one.size * 0.1)
})

test('a cut does not depend on how much of the content the window holds', () => {
  const content = patternBytes(5000, 2)
  const whole = cutAll(content, seed, SMALL)
  const [first = 0] = whole
  for (const available of [SMALL.maxBytes, SMALL.maxBytes + 1, 3000]) {
    expect(cutAll(content.subarray(0, available), seed, SMALL)[0]).toBe(first)
  }
})

test('the compiled loop is the one that its source makes', async () => {
  expect(gearWasm).toBe(await compileGear())
})
