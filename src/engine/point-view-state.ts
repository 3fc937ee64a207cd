import { byteString } from '../base/byte-string.ts'
import type { TreeEntry } from '../format/tree.ts'

/** Returns text that is equal for entries of equal content, whatever their modes, owners and times are. */
export function contentState(entry: TreeEntry): string {
  switch (entry.kind) {
    case 'dir':
      return byteString(entry.trees)
    case 'file': {
      const { content, holes, size } = entry
      const gaps = holes.map(({ offset, length }) => `${offset}+${length}`)
      return `file ${size} ${content.level} ${gaps.join()} ${byteString(content.ids)}`
    }
    case 'symlink':
      return `symlink ${entry.target}`
    case 'char':
    case 'block':
      return `${entry.kind} ${entry.major}:${entry.minor}`
    case 'fifo':
    case 'socket':
      return entry.kind
  }
}
