import type { ContentReader } from '../content/content-reader.ts'
import type { LayoutBlocks } from '../content/layout-block.ts'
import type { ReplyParts } from '../content/reply-parts.ts'
import type { Session } from '../protocol/init.ts'
import type { NodeTable } from '../tree/node-table.ts'
import type { NodeRows } from './node-rows.ts'
import type { ReplyWriter } from './reply-writer.ts'

/** What handlers of one thread share: nothing of it outlasts the answer to one request. */
export interface HandlerContext {
  readonly session: Session
  readonly nodes: NodeTable
  readonly rows: NodeRows
  readonly layouts: LayoutBlocks
  readonly content: ContentReader
  readonly reply: ReplyParts
  readonly writer: ReplyWriter
  /** Told when somebody lists a directory that nobody asked for before. */
  readonly onFirstUse: (node: number) => void
  /** Told when a file that is one blob was read to its end, and by which thread. */
  readonly onSmallRead: (node: number, reader: number) => void
  /** Told that nobody waits any longer for a request. */
  readonly onInterrupt: (uniqueLow: number, uniqueHigh: number) => void
  /** Told when the kernel is to forget nodes that it does not need. */
  readonly onCrowd: () => void
}
