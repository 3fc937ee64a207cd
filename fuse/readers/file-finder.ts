import { constants } from 'node:os'
import { S_IFREG } from '../../src/base/posix/constants.ts'
import type { FileContent } from '../../src/engine/point-view-layout.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import type { DirectoryLoader } from '../tree/directory-loader.ts'
import { IS_SIMPLE } from '../tree/directory-block.ts'
import { decodeContent } from '../tree/file-content.ts'
import { virtualNumber } from '../tree/node-table.ts'
import type { VirtualTree } from '../tree/virtual-tree.ts'
import type { HandlerContext } from './handler-context.ts'

export interface FileFinderOptions {
  readonly context: Pick<HandlerContext, 'nodes' | 'rows'>
  readonly tree: VirtualTree
  readonly directories: DirectoryLoader
}

/** Finds out what a file consists of, from its node. On the main thread. */
export class FileFinder {
  readonly #options: FileFinderOptions

  constructor(options: FileFinderOptions) {
    this.#options = options
  }

  /** @throws {ProtocolError} EINVAL: it is no file; ESTALE: the kernel has forgotten it meanwhile. */
  async find(node: number): Promise<FileContent> {
    const { context, tree, directories } = this.#options
    const { nodes, rows } = context
    const row = nodes.row(node)
    if (row < 0) {
      const { shown } = tree.entry(virtualNumber(row))
      if (shown.kind !== 'point' || shown.entry.kind !== 'file') throw noFile()
      return shown.entry
    }
    await directories.load(nodes.parent(node))
    if (rows.moveTo(node) !== undefined) throw new ProtocolError('a node that is gone', constants.errno.ESTALE)
    const { block } = rows
    if (block.format !== S_IFREG) throw noFile()
    const payload = block.payload.slice()
    if (block.has(IS_SIMPLE)) return { size: block.size, holes: [], content: { level: 0, ids: payload } }
    return { size: block.size, ...decodeContent(payload) }
  }
}

function noFile(): ProtocolError {
  return new ProtocolError('a read of what is no file', constants.errno.EINVAL)
}
