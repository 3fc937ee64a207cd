import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fc } from '../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import { IntegrityError, KeyError } from '../../src/base/errors.ts'
import { decodeCbor } from '../../src/format/cbor.ts'
import { decodeConfig } from '../../src/format/config-codec.ts'
import { decodeCreated } from '../../src/format/created-codec.ts'
import { decodeEnvelopeHeader, decodeEnvelopeInner } from '../../src/format/envelope.ts'
import { decodeIndex } from '../../src/format/index-codec.ts'
import { decodeKeySet } from '../../src/format/key-set.ts'
import { decodeKeyUpdate } from '../../src/format/key-update.ts'
import { decodeList } from '../../src/format/list-codec.ts'
import { decodePackFooter } from '../../src/format/pack-footer-codec.ts'
import { decodePackHeader, decodePackTrailer } from '../../src/format/pack-header-codec.ts'
import { decodePointDetail } from '../../src/format/point-detail-codec.ts'
import { decodeRecordBody } from '../../src/format/record-codec.ts'
import type { RecordBodies } from '../../src/format/records.ts'
import { parseRecoveryCode } from '../../src/format/recovery-code.ts'
import { decodeSlot } from '../../src/format/slot.ts'
import { decodeSlotContent } from '../../src/format/slot-content.ts'
import { decodeTree, decodeTreeEntryAt, scanTree } from '../../src/format/tree-codec.ts'
import { decodeKeyFile } from '../../src/repository/key-file.ts'
import { mutated, propertyOptions } from './strict-decoder.ts'

const RUNS = 400
/** Of the processor's time, a decoder may spend on an input what its bytes justify: far below this for inputs of some kilobytes. */
const RUN_US_MAX = 5_000_000
const MEMORY_BYTES_MAX = 256 << 20

/** Heads of CBOR that claim very much, and other numbers that are bad to believe. */
const BOMBS = [
  '5bffffffffffffffff',
  '9a7fffffff',
  'bb001fffffffffffff',
  '5f',
  'ffffffff',
  '1bffffffffffffffff',
  '00000080',
].map((hex) => fromHex(hex)!)

type Decoder = (bytes: Uint8Array) => unknown

const record =
  (kind: keyof RecordBodies): Decoder =>
  (bytes) =>
    decodeRecordBody(kind, bytes)

/** By folder of vectors: everything that decodes such bytes. */
const DECODERS: Readonly<Record<string, readonly Decoder[]>> = {
  cbor: [(bytes) => decodeCbor(bytes)],
  config: [decodeConfig],
  'key-set': [decodeKeySet, decodeSlotContent],
  slot: [decodeSlot, decodeSlotContent],
  'key-update': [decodeKeyUpdate],
  'key-file': [decodeKeyFile],
  'recovery-code': [(bytes) => parseRecoveryCode(Buffer.from(bytes).toString('latin1'))],
  tree: [
    decodeTree,
    scanTree,
    (bytes) => Array.from({ length: Math.min(bytes.byteLength, 64) }, (_, at) => attempt(decodeTreeEntryAt, bytes, at)),
  ],
  list: [decodeList],
  'pack-header': [decodePackHeader],
  'pack-trailer': [decodePackTrailer],
  'pack-footer': [(bytes) => decodePackFooter(bytes, { framesEnd: 1374 })],
  index: [decodeIndex],
  'envelope-header': [decodeEnvelopeHeader],
  'envelope-inner': [decodeEnvelopeInner],
  point: [record('points')],
  instance: [record('instances')],
  run: [record('runs')],
  mark: [record('marks')],
  dead: [record('dead')],
  lost: [record('lost')],
  tombstone: [record('tombstones')],
  note: [record('notes')],
  created: [decodeCreated],
  'point-detail': [decodePointDetail],
}

function attempt(decode: (bytes: Uint8Array, at: number) => unknown, bytes: Uint8Array, at: number): unknown {
  try {
    return decode(bytes, at)
  } catch (error) {
    if (error instanceof IntegrityError || error instanceof KeyError) return undefined
    throw error
  }
}

function corpusOf(structure: string): Uint8Array[] {
  const folder = join(import.meta.dirname, '../vectors', structure)
  return readdirSync(folder).flatMap((name) => {
    const { bytes, text } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { bytes?: string; text?: string }
    if (text !== undefined) return [new Uint8Array(Buffer.from(text, 'utf8'))]
    return bytes === undefined ? [] : [fromHex(bytes)!]
  })
}

/** Makes bytes near those of a corpus: flipped, cut, spliced together, and with bombs in them. */
function hostile(corpus: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const seed = fc.constantFrom(...corpus)
  const splice = fc.tuple(seed, seed, fc.nat(), fc.nat()).map(([a, b, cutA, cutB]) => {
    const start = a.subarray(0, cutA % (a.byteLength + 1))
    return new Uint8Array(Buffer.concat([start, b.subarray(cutB % (b.byteLength + 1))]))
  })
  const bomb = fc.tuple(seed, fc.constantFrom(...BOMBS), fc.nat()).map(([bytes, bad, place]) => {
    const at = place % (bytes.byteLength + 1)
    return new Uint8Array(Buffer.concat([bytes.subarray(0, at), bad, bytes.subarray(at + bad.byteLength)]))
  })
  const flip = fc.tuple(seed, fc.nat(), fc.nat({ max: 7 })).map(([bytes, place, bit]) => {
    const at = place % Math.max(1, bytes.byteLength)
    return bytes.byteLength === 0 ? bytes : bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit))
  })
  return fc.oneof(flip, seed.chain(mutated), splice, bomb)
}

describe.each(Object.entries(DECODERS))('hostile bytes like those of %s', (structure, decoders) => {
  const corpus = corpusOf(structure)

  test('are decoded or refused, soon and in little memory', () => {
    expect(corpus.length).toBeGreaterThan(1)
    const before = process.memoryUsage().rss
    let refused = 0
    fc.assert(
      fc.property(hostile(corpus), (bytes) => {
        for (const decode of decoders) {
          const input = bytes.slice()
          const started = process.threadCpuUsage()
          try {
            decode(bytes)
          } catch (error) {
            if (!(error instanceof IntegrityError || error instanceof KeyError)) throw error
            refused++
          }
          const { user, system } = process.threadCpuUsage(started)
          expect(user + system).toBeLessThan(RUN_US_MAX)
          // What is decoded may be decoded again: by another thread, say.
          expect(Buffer.compare(bytes, input)).toBe(0)
        }
      }),
      propertyOptions({ runs: RUNS }),
    )
    // Otherwise it was not hostile.
    expect(refused).toBeGreaterThan(RUNS / 10)
    expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY_BYTES_MAX)
  })
})
