import { assert } from '../base/assert.ts'
import type { Timespec } from '../base/clock.ts'
import type { ObjectId } from '../base/ids.ts'
import { hexId, idBytes, OBJECT_ID_BYTES, RANDOM_ID_BYTES } from '../base/ids.ts'
import type { CborReader } from './cbor-reader.ts'
import { CBOR_NULL, type CborWriter } from './cbor-writer.ts'

/** UTF-8 bytes of a short text in a record: a name, a tag, a reason. */
export const LABEL_BYTES_MAX = 255
/** UTF-8 bytes of a long text in a record: a description. */
export const TEXT_BYTES_MAX = 65_536
/** Items of every list in a record that is not a list of objects. */
export const RECORD_ITEMS_MAX = 4096
export const SIGNATURE_BYTES = 64
const NANOSECONDS_MAX = 999_999_999

type RandomId = Parameters<typeof idBytes>[0]

export function writeId(writer: CborWriter, id: RandomId): void {
  writer.writeBytes(idBytes(id))
}

/** Reads a random id of 16 bytes. */
export function readId<Id extends RandomId>(reader: CborReader): Id {
  return hexId<Id>(reader.readBytesExactly(RANDOM_ID_BYTES))
}

/** Appends the ids of objects as one byte string. */
export function writeObjectIds(writer: CborWriter, ids: readonly ObjectId[]): void {
  writer.writeBytes(Buffer.concat(ids.map((id) => idBytes(id))))
}

export function readObjectIds(reader: CborReader): ObjectId[] {
  const bytes = reader.readBytes()
  if (bytes.byteLength % OBJECT_ID_BYTES !== 0) throw reader.malformed('a list of object ids is cut short')
  return Array.from({ length: bytes.byteLength / OBJECT_ID_BYTES }, (_, i) => {
    return hexId<ObjectId>(bytes.subarray(i * OBJECT_ID_BYTES, (i + 1) * OBJECT_ID_BYTES))
  })
}

export function writeTime(writer: CborWriter, time: Timespec): void {
  assert(time.nanoseconds >= 0 && time.nanoseconds <= NANOSECONDS_MAX, 'nanoseconds are below a second')
  writer.writeArrayHeader(2)
  writer.writeInt(time.seconds)
  writer.writeUint(time.nanoseconds)
}

export function readTime(reader: CborReader): Timespec {
  reader.readArrayHeader(2, 2)
  const seconds = reader.readInt()
  return { seconds, nanoseconds: reader.readUint(NANOSECONDS_MAX) }
}

/** Appends a text that a reader will accept: at most `max` bytes. */
export function writeBoundedText(writer: CborWriter, text: string, max = LABEL_BYTES_MAX): void {
  assert(Buffer.byteLength(text) <= max, 'a text in a record is bounded')
  writer.writeText(text)
}

export function writeTexts(writer: CborWriter, texts: readonly string[]): void {
  assert(texts.length <= RECORD_ITEMS_MAX, 'a list in a record is bounded')
  writer.writeArrayHeader(texts.length)
  for (const text of texts) writeBoundedText(writer, text)
}

export function readTexts(reader: CborReader): string[] {
  return readItems(reader, RECORD_ITEMS_MAX, () => reader.readText(LABEL_BYTES_MAX))
}

/** Reads an array of at most `max` items, each by `readItem`. */
export function readItems<Item>(reader: CborReader, max: number, readItem: () => Item): Item[] {
  const items: Item[] = []
  for (let left = reader.readArrayHeader(max); left > 0; left--) items.push(readItem())
  return items
}

/** Appends a map with text keys in deterministic order: the shorter first, then bytewise. */
export function writeTextMap<Value>(
  writer: CborWriter,
  map: ReadonlyMap<string, Value>,
  writeValue: (value: Value) => void,
): void {
  assert(map.size <= RECORD_ITEMS_MAX, 'a map in a record is bounded')
  writer.writeMapHeader(map.size)
  for (const [key, value] of [...map].sort(([a], [b]) => compareKeys(a, b))) {
    writeBoundedText(writer, key)
    writeValue(value)
  }
}

export function readTextMap<Value>(reader: CborReader, readValue: () => Value): Map<string, Value> {
  const map = new Map<string, Value>()
  let previous: string | undefined
  for (let left = reader.readMapHeader(RECORD_ITEMS_MAX); left > 0; left--) {
    const key = reader.readText(LABEL_BYTES_MAX)
    if (previous !== undefined && compareKeys(previous, key) >= 0) {
      throw reader.malformed('the keys of a map are not in ascending order')
    }
    previous = key
    map.set(key, readValue())
  }
  return map
}

/** Reads null as `undefined`, and anything else by `read`. */
export function readOptional<Value>(reader: CborReader, read: () => Value): Value | undefined {
  if (reader.peek() !== CBOR_NULL) return read()
  reader.readNull()
  return undefined
}

// The order of the encodings: a longer text has a greater head.
function compareKeys(a: string, b: string): number {
  const [bytesA, bytesB] = [Buffer.from(a), Buffer.from(b)]
  return bytesA.byteLength - bytesB.byteLength || Buffer.compare(bytesA, bytesB)
}
