import type { Clock } from '../../src/base/clock.ts'
import { TidemarkError } from '../../src/base/errors.ts'
import type { Application } from '../../src/service/application/port.ts'
import { type Answer, type Call, type Effect, isStoppable, type Method, type Slot } from './call.ts'
import type { Event } from './event.ts'
import { problemOf } from './problem.ts'

/** A part of a stream goes out when it is so old or so large. */
const PART_MS = 100
const PART_ITEMS_MAX = 5000

export interface RunnerOptions {
  /** What is asked before it is there waits for it. */
  readonly application: Promise<Application>
  readonly clock: Clock
  readonly dispatch: (event: Event) => void
  readonly quit: () => void
  /** Paints the whole terminal anew. */
  readonly repaint: () => void
  /** Is told of what is no expected failure: a bug, which nobody catches. */
  readonly onBug: (error: unknown) => void
}

/** Does what reducers want: calls the port, and turns what it answers into events. */
export class EffectRunner {
  readonly #options: RunnerOptions
  readonly #asked = new Map<Slot, AbortController>()

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  readonly run = (effect: Effect): void => {
    switch (effect.kind) {
      case 'quit':
        return this.#options.quit()
      case 'repaint':
        return this.#options.repaint()
      case 'drop':
        return this.#drop(effect.slot)
      case 'call':
        void this.#call(effect)
    }
  }

  /** Nothing that was asked is wanted any longer. */
  close(): void {
    for (const slot of [...this.#asked.keys()]) this.#drop(slot)
  }

  #drop(slot: Slot): void {
    this.#asked.get(slot)?.abort()
    this.#asked.delete(slot)
  }

  async #call(call: Call): Promise<void> {
    this.#drop(call.slot)
    const controller = new AbortController()
    this.#asked.set(call.slot, controller)
    const answer = (value: unknown, isLast: boolean): void => {
      if (controller.signal.aborted) return
      const { slot, method, args } = call
      // The port's types say that this value belongs to this method.
      this.#options.dispatch({ kind: 'answer', slot, method, args, value, isLast } as Answer)
    }
    try {
      const application = await this.#options.application
      if (controller.signal.aborted) return
      const answered = ask(application, call, controller.signal)
      if (isStream(answered)) await this.#inParts(answered, answer)
      else answer(await answered, true)
    } catch (error) {
      this.#failed(call, error, controller.signal)
    } finally {
      if (this.#asked.get(call.slot) === controller) this.#asked.delete(call.slot)
    }
  }

  async #inParts(
    stream: AsyncIterable<unknown>,
    answer: (items: readonly unknown[], isLast: boolean) => void,
  ): Promise<void> {
    const { clock } = this.#options
    let part: unknown[] = []
    let sinceMs = clock.monotonicMs()
    for await (const item of stream) {
      part.push(item)
      if (part.length < PART_ITEMS_MAX && clock.monotonicMs() - sinceMs < PART_MS) continue
      answer(part, false)
      part = []
      sinceMs = clock.monotonicMs()
    }
    answer(part, true)
  }

  #failed({ slot, method }: Call, error: unknown, signal: AbortSignal): void {
    // Nobody waits for it, so nobody is told how it ended.
    if (signal.aborted) return
    if (!(error instanceof TidemarkError)) return this.#options.onBug(error)
    this.#options.dispatch({ kind: 'failure', slot, method, problem: problemOf(error) })
  }
}

function ask(application: Application, { method, args }: Call, signal: AbortSignal): unknown {
  const functions = application as unknown as Readonly<Record<Method, (...given: readonly unknown[]) => unknown>>
  return functions[method](...args, ...(isStoppable(method) ? [signal] : []))
}

function isStream(answered: unknown): answered is AsyncIterable<unknown> {
  return typeof answered === 'object' && answered !== null && Symbol.asyncIterator in answered
}
