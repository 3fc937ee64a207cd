import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

const LEVEL = 3
const CHUNK_BYTES_MIN = 64
/** The tables of level 3 made to fit the cache next to a core: a sixth less time, and 0.15 % more bytes. */
const TABLE_LOG = 15
const PARAMETERS = {
  [constants.ZSTD_c_compressionLevel]: LEVEL,
  [constants.ZSTD_c_hashLog]: TABLE_LOG,
  [constants.ZSTD_c_chainLog]: TABLE_LOG,
}

/**
 * Compresses `raw` with zstd into `out` and returns the length, or -1 when `out` is too short.
 *
 * The library's own buffer is given back at once: left to the collector, a hundred megabytes of them wait for it.
 */
export function compressInto(out: Uint8Array, raw: Uint8Array): number {
  const compressed = zstdCompressSync(raw, {
    // Larger than any result: with the default of 16 KiB a quarter of the time goes into joining pieces.
    chunkSize: raw.byteLength + (raw.byteLength >>> 8) + 1024,
    pledgedSrcSize: raw.byteLength,
    params: PARAMETERS,
  })
  const length = compressed.byteLength
  if (length <= out.byteLength) out.set(compressed)
  release(compressed)
  return length <= out.byteLength ? length : -1
}

/**
 * Decompresses `compressed` into `out`, which it must fill exactly and never more.
 *
 * @throws {RangeError} it decompresses to another length; otherwise whatever zlib has against it.
 */
export function decompressInto(out: Uint8Array, compressed: Uint8Array): void {
  const length = withDecompressed(compressed, out.byteLength, (raw) => {
    if (raw.byteLength === out.byteLength) out.set(raw)
    return raw.byteLength
  })
  if (length !== out.byteLength) throw new RangeError(`it decompresses to ${length} bytes`)
}

/** Tells whether `compressed` decompresses to `raw`; nothing is copied. @throws whatever zlib has against it. */
export function decompressesTo(raw: Uint8Array, compressed: Uint8Array): boolean {
  return withDecompressed(compressed, raw.byteLength, (result) => Buffer.compare(result, raw) === 0)
}

/**
 * Decompresses `compressed` to whatever length it has, at most `bytesMax`; freshly allocated.
 *
 * @throws {RangeError} it would be longer; otherwise whatever zlib has against it.
 */
export function decompressAtMost(bytesMax: number, compressed: Uint8Array): Uint8Array {
  return new Uint8Array(zstdDecompressSync(compressed, { maxOutputLength: bytesMax }))
}

/** Calls `use` with what `compressed` decompresses to, if that is no more than `rawBytes`; it is gone afterwards. */
function withDecompressed<T>(compressed: Uint8Array, rawBytes: number, use: (raw: Buffer) => T): T {
  // One byte more than it holds: zlib then needs one call and no second buffer. It refuses chunks below 64 bytes.
  const chunkSize = Math.max(rawBytes + 1, CHUNK_BYTES_MIN)
  const raw = zstdDecompressSync(compressed, { chunkSize, maxOutputLength: Math.max(rawBytes, 1) })
  try {
    return use(raw)
  } finally {
    release(raw)
  }
}

/** Frees the memory behind a result of zlib, which is longer than the result; small ones lie in Node's shared pool. */
function release({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}
