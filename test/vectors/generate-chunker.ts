import { blake3 } from '../../src/crypto/blake3.ts'
import { Chunker, type ChunkerParameters, gearTable } from '../../src/engine/chunker/chunker.ts'
import { CHUNKER_DEFAULT } from '../../src/format/chunker-parameters.ts'
import { counting, jsonOf, type VectorFile } from './vector-file.ts'

const SMALL: ChunkerParameters = { minBytes: 64, avgBytes: 256, maxBytes: 1024 }

interface Case {
  readonly name: string
  readonly description: string
  readonly seed: Uint8Array
  readonly parameters: ChunkerParameters
  readonly content: 'blocks' | 'zeros'
  readonly bytes: number
}

const CASES: readonly Case[] = [
  {
    name: 'small-parameters',
    description: 'Many cuts with small parameters.',
    seed: counting(32),
    parameters: SMALL,
    content: 'blocks',
    bytes: 20_000,
  },
  {
    name: 'another-seed',
    description: 'The same content under another seed is cut elsewhere.',
    seed: counting(32, 100),
    parameters: SMALL,
    content: 'blocks',
    bytes: 20_000,
  },
  {
    name: 'no-cuts',
    description: 'Content without a place to cut: every chunk has the maximum, but for the last.',
    seed: counting(32),
    parameters: SMALL,
    content: 'zeros',
    bytes: 2500,
  },
  {
    name: 'default-parameters',
    description: 'The parameters of a new repository.',
    seed: counting(32),
    parameters: { ...pick(CHUNKER_DEFAULT) },
    content: 'blocks',
    bytes: 6_000_000,
  },
]

function pick({ minBytes, avgBytes, maxBytes }: ChunkerParameters): ChunkerParameters {
  return { minBytes, avgBytes, maxBytes }
}

/** Returns `bytes` zeros, or bytes of which block k (32 bytes) is the BLAKE3-256 of k as four bytes, little-endian. */
export function vectorContent(content: 'blocks' | 'zeros', bytes: number): Uint8Array {
  const made = new Uint8Array(Math.ceil(bytes / 32) * 32)
  if (content === 'zeros') return made.subarray(0, bytes)
  const counter = new Uint8Array(4)
  for (let block = 0; block * 32 < bytes; block++) {
    new DataView(counter.buffer).setUint32(0, block, true)
    made.set(blake3(counter), block * 32)
  }
  return made.subarray(0, bytes)
}

/** Cuts all of `content`; returns the lengths of its chunks. */
export function cutAll(content: Uint8Array, seed: Uint8Array, parameters: ChunkerParameters): number[] {
  const chunker = new Chunker(seed, parameters, Math.max(content.byteLength, parameters.maxBytes))
  chunker.window.set(content)
  const lengths: number[] = []
  for (let at = 0; at < content.byteLength; at += lengths.at(-1) ?? 0) {
    lengths.push(chunker.next(at, content.byteLength - at))
  }
  return lengths
}

/** Makes the vectors of the chunker: which content is cut where. */
export function generate(): VectorFile[] {
  return CASES.map(({ name, description, seed, parameters, content, bytes }) => ({
    path: `chunker/${name}.json`,
    content: {
      description: `${description} Block k (32 bytes) of "blocks" is the BLAKE3-256 of k as four bytes, little-endian.`,
      seed: jsonOf(seed),
      parameters: jsonOf(parameters),
      tableStart: jsonOf(gearTable(seed).subarray(0, 64)),
      content,
      contentBytes: bytes,
      lengths: cutAll(vectorContent(content, bytes), seed, parameters),
    },
  }))
}
