import { BLOB_ID_BYTES } from '../../src/base/ids.ts'
import { bytesOf } from '../../src/base/byte-string.ts'
import type { TreeEntry } from '../../src/engine/point-view-frames.ts'
import type { FileContent } from '../../src/engine/point-view-layout.ts'

const HEADER_BYTES = 8
const HOLE_BYTES = 16
const NOTHING = new Uint8Array(0)

/** Tells whether a file is one blob or nothing, without holes: its id alone then says where its bytes are. */
export function isSimple({ content, holes, size }: FileContent): boolean {
  if (content.level !== 0 || holes.length > 0) return false
  return content.ids.byteLength === (size === 0 ? 0 : BLOB_ID_BYTES)
}

/** Returns a file's content: the id of a simple one, else level, holes and ids. */
function encodeContent(file: FileContent): Uint8Array {
  const { content, holes } = file
  if (isSimple(file)) return content.ids
  const bytes = new Uint8Array(HEADER_BYTES + holes.length * HOLE_BYTES + content.ids.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, content.level, true)
  view.setUint32(4, holes.length, true)
  holes.forEach(({ offset, length }, i) => {
    view.setFloat64(HEADER_BYTES + i * HOLE_BYTES, offset, true)
    view.setFloat64(HEADER_BYTES + i * HOLE_BYTES + 8, length, true)
  })
  bytes.set(content.ids, HEADER_BYTES + holes.length * HOLE_BYTES)
  return bytes
}

/** Returns the content of a file that is not simple from the payload of its row. */
export function decodeContent(payload: Uint8Array): Omit<FileContent, 'size'> {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const count = view.getUint32(4, true)
  const holes = Array.from({ length: count }, (_, i) => {
    const at = HEADER_BYTES + i * HOLE_BYTES
    return { offset: view.getFloat64(at, true), length: view.getFloat64(at + 8, true) }
  })
  const ids = payload.slice(HEADER_BYTES + count * HOLE_BYTES)
  return { content: { level: view.getUint32(0, true), ids }, holes }
}

/** Returns what an entry is besides its attributes: its content, its trees or where it leads. */
export function payloadOf(entry: TreeEntry): Uint8Array {
  switch (entry.kind) {
    case 'file':
      return encodeContent(entry)
    case 'dir':
      return entry.trees
    case 'symlink':
      return bytesOf(entry.target)
    case 'fifo':
    case 'socket':
    case 'char':
    case 'block':
      return NOTHING
  }
}
