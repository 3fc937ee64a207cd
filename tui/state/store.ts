import type { Event } from './event.ts'
import type { Effect } from './call.ts'
import { reduce } from './reduce.ts'
import type { State } from './state.ts'

/** Holds the state of a dashboard and hands effects to who runs them. */
export class Store {
  readonly #run: (effect: Effect) => void
  readonly #listeners = new Set<() => void>()
  #state: State

  constructor(state: State, run: (effect: Effect) => void) {
    this.#state = state
    this.#run = run
  }

  readonly current = (): State => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly dispatch = (event: Event): void => {
    const { state, effects } = reduce(this.#state, event)
    const hasChanged = state !== this.#state
    this.#state = state
    for (const effect of effects) this.#run(effect)
    if (hasChanged) for (const listener of this.#listeners) listener()
  }
}
