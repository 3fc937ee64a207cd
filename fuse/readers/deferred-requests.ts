import { constants } from 'node:os'
import { StorageError } from '../../src/base/errors.ts'
import type { ContentProvider } from '../content/content-provider.ts'
import { MessageBuffer } from '../protocol/message-buffer.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { Request } from '../protocol/request.ts'
import type { DirectoryLoader } from '../tree/directory-loader.ts'
import { virtualNumber } from '../tree/node-table.ts'
import type { VirtualTree } from '../tree/virtual-tree.ts'
import type { FileFinder } from './file-finder.ts'
import type { HandlerContext } from './handler-context.ts'
import type { Missing } from './missing.ts'
import type { NodeTrimmer } from './node-trimmer.ts'
import { RequestHandler } from './request-handler.ts'
import type { VirtualAnswers } from './virtual-answers.ts'

/** After so much was provided in vain, there is something that does not fit into memory. */
const ROUNDS_MAX = 4096
const MOMENT_MS = 1
/** Interrupts that came before what they call off, from another thread. */
const EARLY_INTERRUPTS_MAX = 64

const { EINTR, EIO } = constants.errno

export interface DeferredRequestsOptions {
  readonly context: HandlerContext
  readonly tree: VirtualTree
  readonly virtual: VirtualAnswers
  readonly directories: DirectoryLoader
  readonly files: FileFinder
  readonly content: ContentProvider
  readonly trimmer: NodeTrimmer
  /** How long a request may wait for the store. */
  readonly patienceMs: number
  /** Told why a request for `node` failed. */
  readonly onFailure: (node: number, error: unknown) => void
}

/** Requests that readers could not answer: finds what they lack and answers them. On the main thread. */
export class DeferredRequests {
  readonly #options: DeferredRequestsOptions
  /** By number, those that are under way. */
  readonly #underWay = new Map<string, AbortController>()
  readonly #earlyInterrupts = new Set<string>()

  constructor(options: DeferredRequestsOptions) {
    this.#options = options
  }

  /** Answers a request, whose message is `bytes`, sooner or later. */
  take(bytes: Uint8Array, missing: Missing): void {
    const message = new MessageBuffer(new Uint8Array(Math.ceil(bytes.byteLength / 8) * 8))
    message.bytes.set(bytes)
    const request = new Request(message)
    request.accept(bytes.byteLength)
    void this.#finish(request, missing)
  }

  /** Provides what requests to come will lack; what fails then fails when it is asked for. */
  prepare(missing: Missing): void {
    this.#provide(missing, new AbortController().signal).catch(() => undefined)
  }

  /** Nobody waits for a request any longer: a call to the store may last for a long time. */
  interrupt(uniqueLow: number, uniqueHigh: number): void {
    const number = numberOf({ uniqueLow, uniqueHigh })
    const controller = this.#underWay.get(number)
    if (controller !== undefined) return controller.abort(new Interrupted())
    this.#earlyInterrupts.add(number)
    for (const oldest of this.#earlyInterrupts) {
      if (this.#earlyInterrupts.size <= EARLY_INTERRUPTS_MAX) break
      this.#earlyInterrupts.delete(oldest)
    }
  }

  async #finish(request: Request, missing: Missing): Promise<void> {
    const { context, patienceMs, onFailure } = this.#options
    const number = numberOf(request)
    const controller = new AbortController()
    const { signal } = controller
    const timer = setTimeout(() => controller.abort(tooLate(patienceMs)), patienceMs)
    this.#underWay.set(number, controller)
    if (this.#earlyInterrupts.delete(number)) controller.abort(new Interrupted())
    try {
      await orAborted(this.#answer(request, missing, signal), signal)
    } catch (error) {
      if (error instanceof ProtocolError) context.writer.fail(request, error.errno)
      else context.writer.fail(request, error instanceof Interrupted ? EINTR : EIO)
      if (!(error instanceof ProtocolError || error instanceof Interrupted)) onFailure(request.nodeId, error)
    } finally {
      clearTimeout(timer)
      this.#underWay.delete(number)
    }
  }

  async #answer(request: Request, first: Missing, signal: AbortSignal): Promise<void> {
    const { context, virtual } = this.#options
    const handler = new RequestHandler(context)
    let missing: Missing | undefined = first
    for (let round = 0; missing !== undefined; round++) {
      if (round === ROUNDS_MAX) throw new Error('what one request needs does not stay in memory')
      if (this.#isVirtual(missing)) {
        const outcome = await virtual.answer(request)
        if (typeof outcome === 'number' && !signal.aborted) context.writer.fail(request, outcome)
        if (typeof outcome !== 'object') return
        missing = outcome
      }
      await this.#provide(missing, signal)
      // Whoever gave up has said so to the kernel already.
      if (signal.aborted) return
      missing = handler.handle(request)
    }
  }

  /** Whether what is missing is an answer about something that no point holds. */
  #isVirtual(missing: Missing): boolean {
    if (missing.kind === 'answer') return true
    if (missing.kind !== 'directory' && missing.kind !== 'layout') return false
    const row = this.#options.context.nodes.row(missing.node)
    return row < 0 && this.#options.tree.entry(virtualNumber(row)).shown.kind !== 'point'
  }

  async #provide(missing: Missing, signal: AbortSignal): Promise<void> {
    const { context, directories, files, content, trimmer } = this.#options
    switch (missing.kind) {
      case 'directory':
        return directories.load(missing.node)
      case 'layout': {
        const file = await files.find(missing.node)
        return context.nodes.setBlock(missing.node, await content.layout(file))
      }
      case 'pack':
        return content.packs(missing.epoch, missing.row)
      case 'frames':
        return content.fetch(missing.epoch, missing.frames, signal)
      case 'blob':
        return content.blob(missing.id, signal)
      case 'node':
        // The kernel may forget nothing in this directory before the request has its answer: not to be waited for. A
        // few nodes are there for this thread alone.
        trimmer.trim().catch(() => undefined)
        return new Promise((resolve) => setTimeout(resolve, MOMENT_MS))
      case 'moment':
        return new Promise((resolve) => setTimeout(resolve, MOMENT_MS))
      case 'answer':
        return undefined
    }
  }
}

/** Nobody waits for the answer any longer. */
class Interrupted extends Error {}

function tooLate(patienceMs: number): StorageError {
  return new StorageError('STORE_UNAVAILABLE', `the store has not answered for ${patienceMs / 1000} seconds`, {
    retry: 'transient',
    hint: 'See whether it can be reached.',
  })
}

function numberOf({ uniqueLow, uniqueHigh }: Pick<Request, 'uniqueLow' | 'uniqueHigh'>): string {
  return `${uniqueHigh}:${uniqueLow}`
}

/** Waits for `promise`, but no longer than until `signal` aborts, whose reason it then rejects with. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
