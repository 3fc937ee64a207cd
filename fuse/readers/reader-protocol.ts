import type { FrameCacheHandle } from '../content/frame-cache.ts'
import type { FramesNews } from '../content/thread-frames.ts'
import type { Session } from '../protocol/init.ts'
import type { BlockStoreHandle } from '../tree/block-store.ts'
import type { Missing } from './missing.ts'

/** Memory that all threads of a mount share. */
export interface MountMemory {
  readonly nodes: SharedArrayBuffer
  readonly turns: SharedArrayBuffer
  readonly blocks: BlockStoreHandle
  readonly cache: FrameCacheHandle
  /** Which of the threads read the device. */
  readonly standby: SharedArrayBuffer
  /** Files that the kernel is to have before it asks. */
  readonly wanted: SharedArrayBuffer
  /** One word: how often threads were told something. */
  readonly news: SharedArrayBuffer
}

/** What a reader thread is told first. */
export interface ReaderSetup {
  readonly fd: number
  readonly session: Session
  /** Its place among the turns: the first reads the device before all others. */
  readonly thread: number
  readonly memory: MountMemory
}

/** What a thread is told while it reads: it looks for it at the beginning of each turn. */
export type ToReader = FramesNews

export type FromReader =
  /** A request that the thread could not answer, whole, and what it lacked for it. */
  | { readonly type: 'deferred'; readonly bytes: Uint8Array; readonly missing: Missing }
  /** Nobody waits any longer for a request. */
  | { readonly type: 'interrupt'; readonly uniqueLow: number; readonly uniqueHigh: number }
  /** A directory is listed that nobody had asked for before. */
  | { readonly type: 'listed'; readonly node: number }
  /** What requests to come will lack. */
  | { readonly type: 'soon'; readonly missing: Missing }
  /** Most nodes are in use. */
  | { readonly type: 'crowded' }
  /** The file system is no longer mounted. */
  | { readonly type: 'ended' }
