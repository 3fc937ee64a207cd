import { assert } from '../base/assert.ts'
import { CBOR_DEPTH_MAX, CborReader } from './cbor-reader.ts'
import { CBOR_ARRAY, CBOR_BYTES, CBOR_MAP, CBOR_NEGATIVE, CBOR_TEXT, CBOR_UINT, CborWriter } from './cbor-writer.ts'

/** A key of a map: a safe integer or well-formed text. */
export type CborKey = number | string

/**
 * What the subset of CBOR that Tidemark uses can say.
 *
 * A `number` is a safe integer; integers beyond are `bigint`s of -2^64..2^64 - 1. A `string` is text.
 */
export type CborValue =
  number | bigint | Uint8Array | string | boolean | null | readonly CborValue[] | ReadonlyMap<CborKey, CborValue>

export interface CborLimits {
  /** What the input is, for errors. */
  readonly structure?: string
  /** Nesting of arrays and maps: at most, and by default, 32. */
  readonly depthMax?: number
  /** Size of the input in bytes. */
  readonly bytesMax?: number
}

/**
 * Returns the deterministic encoding of `value` (RFC 8949, 4.2.1): equal values have equal bytes.
 *
 * Ownership: freshly allocated. A value outside `CborValue`, or nested deeper than 32, is an assertion failure.
 * @see docs/format.md, "CBOR"
 */
export function encodeCbor(value: CborValue): Uint8Array {
  const writer = new CborWriter(256)
  writeCborValue(writer, value)
  return writer.bytes()
}

/** Appends the deterministic encoding of `value`. */
function writeCborValue(writer: CborWriter, value: CborValue, depth = 0): void {
  assert(depth <= CBOR_DEPTH_MAX, 'a CBOR value is nested at most 32 deep')
  if (typeof value === 'number') writer.writeInt(value)
  else if (typeof value === 'bigint') writer.writeBigint(value)
  else if (typeof value === 'string') writer.writeText(value)
  else if (typeof value === 'boolean') writer.writeBoolean(value)
  else if (value === null) writer.writeNull()
  else if (value instanceof Uint8Array) writer.writeBytes(value)
  else if (isMap(value)) writeMap(writer, value, depth)
  else {
    assert(depth < CBOR_DEPTH_MAX, 'a CBOR value is nested at most 32 deep')
    writer.writeArrayHeader(value.length)
    for (const item of value) writeCborValue(writer, item, depth + 1)
  }
}

/**
 * Returns the value that `bytes` encode. Strict: every value has exactly one accepted encoding.
 *
 * Ownership: byte strings are copies. Memory stays proportional to the input.
 * @throws {IntegrityError} MALFORMED: a float, tag, indefinite length or undefined, a head that is not the shortest,
 * keys unsorted or twice, text that is not UTF-8, too deep, cut short, or followed by more bytes.
 * @see docs/format.md, "CBOR"
 */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits = {}): CborValue {
  const reader = new CborReader(bytes, limits.structure ?? 'CBOR')
  if (bytes.byteLength > (limits.bytesMax ?? Infinity)) throw reader.malformed(`it has ${bytes.byteLength} bytes`)
  const depthMax = Math.min(limits.depthMax ?? CBOR_DEPTH_MAX, CBOR_DEPTH_MAX)
  const value = readCborValue(reader, bytes, depthMax)
  reader.expectEnd()
  return value
}

function readCborValue(reader: CborReader, bytes: Uint8Array, depthLeft: number): CborValue {
  const first = reader.peek()
  switch (first & 0xe0) {
    case CBOR_UINT:
    case CBOR_NEGATIVE:
      return reader.readInteger()
    case CBOR_BYTES:
      return new Uint8Array(reader.readBytes())
    case CBOR_TEXT:
      return reader.readText()
    case CBOR_ARRAY: {
      if (depthLeft === 0) throw reader.malformed('it is nested too deeply')
      const items: CborValue[] = []
      for (let left = reader.readArrayHeader(); left > 0; left--) {
        items.push(readCborValue(reader, bytes, depthLeft - 1))
      }
      return items
    }
    case CBOR_MAP:
      if (depthLeft === 0) throw reader.malformed('it is nested too deeply')
      return readMap(reader, bytes, depthLeft)
    default:
      if (reader.tryNull()) return null
      return reader.readBoolean()
  }
}

function readMap(reader: CborReader, bytes: Uint8Array, depthLeft: number): ReadonlyMap<CborKey, CborValue> {
  const map = new Map<CborKey, CborValue>()
  let previous: Uint8Array | undefined
  for (let left = reader.readMapHeader(); left > 0; left--) {
    const start = reader.position
    const key = (reader.peek() & 0xe0) === CBOR_TEXT ? reader.readText() : reader.readInt()
    const encoded = bytes.subarray(start, reader.position)
    if (previous !== undefined && Buffer.compare(previous, encoded) >= 0) {
      throw reader.malformed('the keys of a map are not in ascending order')
    }
    previous = encoded
    map.set(key, readCborValue(reader, bytes, depthLeft - 1))
  }
  return map
}

function writeMap(writer: CborWriter, map: ReadonlyMap<CborKey, CborValue>, depth: number): void {
  assert(depth < CBOR_DEPTH_MAX, 'a CBOR value is nested at most 32 deep')
  const pairs = Array.from(map, ([key, value]) => ({ key: encodeCbor(key), value }))
  pairs.sort((a, b) => Buffer.compare(a.key, b.key))
  writer.writeMapHeader(pairs.length)
  for (const { key, value } of pairs) {
    writer.raw(key)
    writeCborValue(writer, value, depth + 1)
  }
}

// `instanceof Map` alone does not narrow a readonly map.
function isMap(value: object): value is ReadonlyMap<CborKey, CborValue> {
  return value instanceof Map
}
