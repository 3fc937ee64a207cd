import type { ByteString } from '../src/base/byte-string.ts'
import type { PointFrames } from '../src/engine/point-view-frames.ts'
import { ContentProvider } from './content/content-provider.ts'
import { FrameCache } from './content/frame-cache.ts'
import type { MountRoot } from './folders/folder.ts'
import type { Session } from './protocol/init.ts'
import { DeferredRequests } from './readers/deferred-requests.ts'
import { FileFinder } from './readers/file-finder.ts'
import { HandlerTools } from './readers/handler-tools.ts'
import { ListedFolders } from './readers/listed-folders.ts'
import { NodeTrimmer } from './readers/node-trimmer.ts'
import type { FromReader, MountMemory } from './readers/reader-protocol.ts'
import { ReaderThreads } from './readers/reader-threads.ts'
import { Standby } from './readers/standby.ts'
import { VirtualAnswers } from './readers/virtual-answers.ts'
import { WantedFiles } from './readers/wanted-files.ts'
import { BlockStore } from './tree/block-store.ts'
import { DirectoryLoader } from './tree/directory-loader.ts'
import { NodeTable } from './tree/node-table.ts'
import { Turns } from './tree/turns.ts'
import { VirtualTree } from './tree/virtual-tree.ts'

const CACHE_BYTES_DEFAULT = 64 << 20
/** No frame is larger than 4 MiB, and each thread may be at two. */
const CACHE_BYTES_MIN = 24 << 20
/** Directories and layouts. */
const BLOCK_BYTES = 32 << 20
const PATIENCE_MS_DEFAULT = 60_000
const ROOT_INO = 1
/** Problems that were told and are not told again. */
const PROBLEMS_MAX = 10_000

/** The device of a mounted file system, as a transport opened it; INIT is answered. */
export interface MountDevice {
  /** Open for reading and writing, blocking; stays the transport's to close. */
  readonly fd: number
  readonly session: Session
  /** Sends a notification to the kernel, on another thread; false when there is nothing to forget. */
  notify(message: Uint8Array): Promise<boolean>
}

/** Something that could not be read. */
export interface MountProblem {
  /** Below the root of the mount, as far as it is known. */
  readonly path: ByteString
  readonly error: unknown
}

export interface MountOptions {
  readonly root: MountRoot
  readonly device: MountDevice
  /** Where the bytes of all points' files are. Stays the caller's to close, after the mount. */
  readonly frames: PointFrames
  /** Started before, so that they are ready when they are wanted; the mount ends them. */
  readonly readers?: ReaderThreads
  /** Who owns what no point holds. */
  readonly owner: { readonly uid: number; readonly gid: number }
  /** Bytes of decoded frames that are kept. */
  readonly cacheBytesMax?: number
  /** Nodes that the kernel may know of at a time. */
  readonly nodesMax?: number
  /** How long somebody who reads waits for the store. */
  readonly patienceMs?: number
  /** Told, once each, of what cannot be read: damage, and a store that does not answer. */
  readonly onProblem: (problem: MountProblem) => void
}

/** A mount at work. */
export interface Mount extends AsyncDisposable {
  /** Resolves once the kernel has let go of the file system; rejects when a thread died of a bug. */
  readonly ended: Promise<void>
  /** Ends the threads, which no longer read the device, and wipes what they knew. The file system is unmounted before. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Answers the requests of a mounted file system until it is unmounted. */
export function openMount(options: MountOptions): Mount {
  return new MountAtWork(options)
}

class MountAtWork implements Mount {
  readonly ended: Promise<void>
  readonly #options: MountOptions
  readonly #threads: ReaderThreads
  readonly #content: ContentProvider
  readonly #cache: FrameCache
  readonly #directories: DirectoryLoader
  readonly #trimmer: NodeTrimmer
  readonly #deferred: DeferredRequests
  readonly #told = new Set<string>()

  constructor(options: MountOptions) {
    this.#options = options
    const { device, frames, root, owner } = options
    this.#threads = options.readers ?? new ReaderThreads()
    const turns = Turns.create(this.#threads.count)
    const nodes = NodeTable.create(ROOT_INO, options.nodesMax)
    const blocks = BlockStore.create(BLOCK_BYTES, turns)
    this.#cache = FrameCache.create(Math.max(CACHE_BYTES_MIN, options.cacheBytesMax ?? CACHE_BYTES_DEFAULT))
    const memory: MountMemory = {
      nodes: nodes.buffer,
      turns: turns.buffer,
      blocks: blocks.handle,
      cache: this.#cache.handle,
      standby: Standby.create().buffer,
      wanted: WantedFiles.create().buffer,
      news: new SharedArrayBuffer(4),
    }
    const setup = { fd: device.fd, session: device.session, memory }
    this.#threads.begin({ setup, onMessage: (message) => this.#receive(message) })
    this.ended = this.#threads.ended
    const tell = this.#threads.tell.bind(this.#threads)
    this.#content = new ContentProvider({ frames, cache: this.#cache, blocks, tell })
    const tree = new VirtualTree(root, nodes)
    this.#directories = new DirectoryLoader({ nodes, blocks, tree, frames })
    const { context } = new HandlerTools({
      ...setup,
      waits: false,
      frames: this.#content.known,
      onFirstUse: (node) => this.#loadAhead(node),
      onCrowd: () => this.#makeRoom(),
      onSmallRead: () => undefined,
      onInterrupt: () => undefined,
      onBusy: () => undefined,
    })
    this.#trimmer = new NodeTrimmer({ nodes, directories: this.#directories, device })
    this.#deferred = new DeferredRequests({
      context,
      tree,
      virtual: new VirtualAnswers({ context, tree, owner, listed: new ListedFolders(device) }),
      directories: this.#directories,
      files: new FileFinder({ context, tree, directories: this.#directories }),
      content: this.#content,
      trimmer: this.#trimmer,
      patienceMs: options.patienceMs ?? PATIENCE_MS_DEFAULT,
      onFailure: (node, error) => void this.#report(node, error),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]()
    this.#content[Symbol.dispose]()
    this.#cache.wipe()
  }

  #receive(message: Exclude<FromReader, { type: 'ended' }>): void {
    switch (message.type) {
      case 'deferred':
        return this.#deferred.take(message.bytes, message.missing)
      case 'interrupt':
        return this.#deferred.interrupt(message.uniqueLow, message.uniqueHigh)
      case 'listed':
        return this.#loadAhead(message.node)
      case 'soon':
        return this.#deferred.prepare(message.missing)
      case 'crowded':
        return this.#makeRoom()
    }
  }

  /** Whoever finds no room then tries again. */
  #makeRoom(): void {
    this.#trimmer.trim().catch(() => undefined)
  }

  /** What fails here fails again when somebody asks for it. */
  #loadAhead(node: number): void {
    this.#directories.loadAhead(node).catch(() => undefined)
  }

  async #report(node: number, error: unknown): Promise<void> {
    const path = await this.#directories.pathOf(node).catch(() => '' as ByteString)
    const name = `${path}\0${String(error)}`
    if (this.#told.has(name) || this.#told.size >= PROBLEMS_MAX) return
    this.#told.add(name)
    this.#options.onProblem({ path, error })
  }
}
