import { assert } from '../../base/assert.ts'
import { KeyedHasher } from '../../crypto/blake3.ts'
import { gearWasm } from './gear-wasm.ts'

/** How content is cut; stands in the repository's config, in bytes. */
export interface ChunkerParameters {
  readonly minBytes: number
  /** Before this length a cut is half as likely as its size suggests, after it twice. A power of two. */
  readonly avgBytes: number
  readonly maxBytes: number
}

const TABLE_BYTES = 1024
const PAGE_BYTES = 65_536
/** The gear hash shifts a byte out after this many more. */
const HASH_BYTES = 32

interface GearExports {
  readonly cut: (start: number, length: number, before: number, mask: number) => number
}

/** Once for all chunkers of a thread: each stream has one of its own. */
let compiled: WebAssembly.Module | undefined

/** A mask of the highest `bits` bits: those that depend on the most bytes. */
function highMask(bits: number): number {
  return (0xffff_ffff << (32 - bits)) | 0
}

/** The 256 words of the gear table, which depend on the realm's seed: 1024 bytes. See docs/format.md, "Chunker". */
export function gearTable(seed: Uint8Array): Uint8Array {
  const table = new Uint8Array(TABLE_BYTES)
  const hasher = new KeyedHasher(seed)
  const input = new Uint8Array(1)
  for (let block = 0; block * 32 < TABLE_BYTES; block++) {
    input[0] = block
    hasher.hashInto(table, block * 32, input)
  }
  return table
}

/**
 * Cuts content where the content itself says so: a gear hash over a window that lies in WebAssembly memory.
 *
 * Chunks are `minBytes` to `maxBytes` long but for the last of a file. Where they end depends on the seed, so an
 * observer of the store cannot tell a known file by the sizes of its chunks. Masks are normalised as in FastCDC
 * (Xia et al., USENIX ATC 2016).
 */
export class Chunker {
  /** The longest chunk, in bytes. */
  get maxBytes(): number {
    return this.#parameters.maxBytes
  }

  /** The caller reads content into this and names places in it by offset. Lives as long as the chunker. */
  readonly window: Uint8Array
  readonly #parameters: ChunkerParameters
  readonly #cut: GearExports['cut']
  readonly #strictMask: number
  readonly #looseMask: number

  constructor(seed: Uint8Array, parameters: ChunkerParameters, windowBytes: number) {
    const { minBytes, avgBytes, maxBytes } = parameters
    assert(HASH_BYTES <= minBytes && minBytes <= avgBytes && avgBytes <= maxBytes, 'chunker parameters ascend')
    assert(windowBytes >= maxBytes, 'a window holds a whole chunk')
    const memory = new WebAssembly.Memory({ initial: Math.ceil((TABLE_BYTES + windowBytes) / PAGE_BYTES) })
    compiled ??= new WebAssembly.Module(Buffer.from(gearWasm, 'base64'))
    const instance = new WebAssembly.Instance(compiled, { env: { memory } })
    this.#cut = (instance.exports as unknown as GearExports).cut
    new Uint8Array(memory.buffer, 0, TABLE_BYTES).set(gearTable(seed))
    this.window = new Uint8Array(memory.buffer, TABLE_BYTES, windowBytes)
    this.#parameters = parameters
    const bits = Math.round(Math.log2(avgBytes))
    this.#strictMask = highMask(bits)
    this.#looseMask = highMask(bits - 2)
  }

  /**
   * Returns the length of the chunk that starts at `offset` of the window, which holds `available` bytes from there.
   *
   * The answer is final when `available` is at least `maxBytes` or the content ends with them.
   */
  next(offset: number, available: number): number {
    const { minBytes, avgBytes, maxBytes } = this.#parameters
    if (available <= minBytes) return available
    const limit = Math.min(available, maxBytes)
    const normal = Math.min(limit, avgBytes)
    const start = TABLE_BYTES + offset
    const strict = this.#cut(start + minBytes, normal - minBytes, HASH_BYTES, this.#strictMask)
    if (strict < normal - minBytes || normal === limit) return minBytes + strict
    return normal + this.#cut(start + normal, limit - normal, HASH_BYTES, this.#looseMask)
  }
}
