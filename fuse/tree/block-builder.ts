import { bytesOf } from '../../src/base/byte-string.ts'
import type { TreeEntry } from '../../src/engine/point-view-frames.ts'
import { encodeAttributes } from '../protocol/attributes.ts'
import { MessageBuffer } from '../protocol/message-buffer.ts'
import {
  BLOCK_HEADER_WORDS,
  CHILD_SERIAL,
  COUNT,
  FLAGS,
  HAS_XATTRS,
  IS_LINKED,
  IS_SIMPLE,
  LINK_GROUP,
  NAME,
  NAME_BYTES,
  PAYLOAD,
  PAYLOAD_BYTES,
  ROW_WORDS,
  XATTRS,
} from './directory-block.ts'
import { attributesOf } from './entry-attributes.ts'
import { isSimple, payloadOf } from './file-content.ts'
import { encodeXattrs } from './xattrs.ts'

/** Rows, and bytes of what has different lengths, that memory is taken for at a time: little for a small directory. */
const ROWS_MIN = 16
const ROWS_MAX = 4096
const TAIL_BYTES_MIN = 2048
const TAIL_BYTES_MAX = 512 << 10

/** Puts a directory's block together, row by row in the order of names. Disposing of it gives its memory back. */
export class BlockBuilder implements Disposable {
  #rows = rowsFor(ROWS_MIN)
  #rowsUsed = 0
  readonly #fullRows: Uint8Array[] = []
  #tail = new Uint8Array(TAIL_BYTES_MIN)
  #tailUsed = 0
  readonly #fullTails: Uint8Array[] = []
  #tailBytes = 0
  #count = 0

  add(entry: TreeEntry): void {
    const { name, xattrs, link } = entry
    const place = this.#nextRow() * ROW_WORDS * 4
    encodeAttributes(this.#rows, place, attributesOf(entry, 0))
    const { words } = this.#rows
    const at = place / 4
    words[at + CHILD_SERIAL] = 0
    words[at + NAME] = this.#append(bytesOf(name))
    words[at + NAME_BYTES] = name.length
    const payload = payloadOf(entry)
    words[at + PAYLOAD] = this.#append(payload)
    words[at + PAYLOAD_BYTES] = payload.byteLength
    words[at + XATTRS] = xattrs.length === 0 ? 0 : this.#append(encodeXattrs(xattrs))
    words[at + LINK_GROUP] = link === undefined ? 0 : this.#append(bytesOf(link.group))
    words[at + FLAGS] = flagsOf(entry)
  }

  /** Returns the block as parts that belong one after the other; they are the builder's. */
  finish(): Uint8Array[] {
    const header = new Uint32Array(BLOCK_HEADER_WORDS)
    header[COUNT] = this.#count
    const rows = this.#rows.bytes.subarray(0, this.#rowsUsed * ROW_WORDS * 4)
    const tail = this.#tail.subarray(0, this.#tailUsed)
    return [new Uint8Array(header.buffer), ...this.#fullRows, rows, ...this.#fullTails, tail]
  }

  /** Left to the collector, the memory of a huge directory would wait for it. */
  [Symbol.dispose](): void {
    for (const { buffer } of [...this.#fullRows, this.#rows.bytes, ...this.#fullTails, this.#tail]) {
      if (buffer instanceof ArrayBuffer) buffer.transfer(0)
    }
  }

  /** Returns which row of `#rows` is the next. */
  #nextRow(): number {
    const { bytes } = this.#rows
    if (this.#rowsUsed * ROW_WORDS * 4 === bytes.byteLength) {
      this.#fullRows.push(bytes)
      this.#rows = rowsFor(Math.min(this.#rowsUsed * 2, ROWS_MAX))
      this.#rowsUsed = 0
    }
    this.#count++
    return this.#rowsUsed++
  }

  /** Returns where the bytes are from now on, counted from the end of all rows. */
  #append(bytes: Uint8Array): number {
    if (this.#tailUsed + bytes.byteLength > this.#tail.byteLength) {
      this.#fullTails.push(this.#tail.subarray(0, this.#tailUsed))
      this.#tail = new Uint8Array(Math.max(bytes.byteLength, Math.min(this.#tail.byteLength * 2, TAIL_BYTES_MAX)))
      this.#tailUsed = 0
    }
    this.#tail.set(bytes, this.#tailUsed)
    this.#tailUsed += bytes.byteLength
    const start = this.#tailBytes
    this.#tailBytes += bytes.byteLength
    return start
  }
}

function rowsFor(count: number): MessageBuffer {
  return new MessageBuffer(new Uint8Array(count * ROW_WORDS * 4))
}

function flagsOf(entry: TreeEntry): number {
  const simple = entry.kind === 'file' && isSimple(entry) ? IS_SIMPLE : 0
  return simple | (entry.link === undefined ? 0 : IS_LINKED) | (entry.xattrs.length === 0 ? 0 : HAS_XATTRS)
}
