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

const ROWS_MIN = 64
const TAIL_BYTES_MIN = 16 << 10

/** Puts a directory's block together, row by row in the order of names. */
export class BlockBuilder {
  #rows = new MessageBuffer(new Uint8Array(ROWS_MIN * ROW_WORDS * 4))
  #tail = new Uint8Array(TAIL_BYTES_MIN)
  #tailBytes = 0
  #count = 0

  add(entry: TreeEntry): void {
    this.#growRows()
    const { name, xattrs, link } = entry
    const place = this.#count++ * ROW_WORDS * 4
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
    const rows = this.#rows.bytes.subarray(0, this.#count * ROW_WORDS * 4)
    return [new Uint8Array(header.buffer), rows, this.#tail.subarray(0, this.#tailBytes)]
  }

  #append(bytes: Uint8Array): number {
    const start = this.#tailBytes
    const end = start + bytes.byteLength
    if (end > this.#tail.byteLength) {
      const bigger = new Uint8Array(Math.max(end, this.#tail.byteLength * 2))
      bigger.set(this.#tail)
      this.#tail = bigger
    }
    this.#tail.set(bytes, start)
    this.#tailBytes = end
    return start
  }

  #growRows(): void {
    const { bytes } = this.#rows
    if ((this.#count + 1) * ROW_WORDS * 4 <= bytes.byteLength) return
    const bigger = new Uint8Array(bytes.byteLength * 2)
    bigger.set(bytes)
    this.#rows = new MessageBuffer(bigger)
  }
}

function flagsOf(entry: TreeEntry): number {
  const simple = entry.kind === 'file' && isSimple(entry) ? IS_SIMPLE : 0
  return simple | (entry.link === undefined ? 0 : IS_LINKED) | (entry.xattrs.length === 0 ? 0 : HAS_XATTRS)
}
