import { ContentReader } from '../content/content-reader.ts'
import { FrameCache } from '../content/frame-cache.ts'
import { LayoutBlocks } from '../content/layout-block.ts'
import { ReplyParts } from '../content/reply-parts.ts'
import { ThreadFrames } from '../content/thread-frames.ts'
import { MAX_READ_BYTES, type Session } from '../protocol/init.ts'
import { BlockStoreView } from '../tree/block-store.ts'
import { NodeTable, READERS_SHARE } from '../tree/node-table.ts'
import type { HandlerContext } from './handler-context.ts'
import { NodeRows } from './node-rows.ts'
import type { MountMemory } from './reader-protocol.ts'
import { ReplyWriter } from './reply-writer.ts'

export interface HandlerToolsOptions {
  readonly fd: number
  readonly session: Session
  readonly memory: MountMemory
  /** Whether this thread may wait for others. */
  readonly waits: boolean
  readonly onFirstUse: (node: number) => void
  readonly onCrowd: () => void
  readonly onSmallRead: (node: number, reader: number) => void
  readonly onInterrupt: (uniqueLow: number, uniqueHigh: number) => void
  /** Told before the thread does something that takes long. */
  readonly onBusy: () => void
  /** What is known of frames already; by default nothing. */
  readonly frames?: ThreadFrames
}

/** What a thread of a mount works with, over the memory that all share. */
export class HandlerTools implements Disposable {
  readonly context: HandlerContext
  readonly frames: ThreadFrames

  constructor(options: HandlerToolsOptions) {
    const { fd, session, memory, waits, frames = new ThreadFrames(), onBusy } = options
    const { onFirstUse, onCrowd, onSmallRead, onInterrupt } = options
    this.frames = frames
    const nodes = new NodeTable(memory.nodes, waits ? READERS_SHARE : 1)
    const blocks = new BlockStoreView(memory.blocks)
    const cache = new FrameCache(memory.cache)
    this.context = {
      session,
      nodes,
      rows: new NodeRows(nodes, blocks),
      layouts: new LayoutBlocks(blocks),
      content: new ContentReader({ frames, cache, waits, onBusy }),
      reply: new ReplyParts(cache, MAX_READ_BYTES),
      writer: new ReplyWriter(fd),
      onFirstUse,
      onCrowd,
      onSmallRead,
      onInterrupt,
    }
  }

  [Symbol.dispose](): void {
    this.frames[Symbol.dispose]()
  }
}
