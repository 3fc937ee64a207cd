import type { Answer, Call, Effect } from '../../tui/state/call.ts'
import type { Event } from '../../tui/state/event.ts'
import { initialState } from '../../tui/state/initial-state.ts'
import { reduce } from '../../tui/state/reduce.ts'
import type { State } from '../../tui/state/state.ts'
import { TEST_NOW_MS } from './seeded-application.ts'

/** A dashboard without a terminal: events in, state and effects out. */
export class DashboardState {
  state: State
  /** Everything that reducers have wanted. */
  readonly effects: Effect[] = []

  constructor({ hasNothing = false } = {}) {
    this.state = initialState({
      size: { columns: 80, rows: 24 },
      nowMs: TEST_NOW_MS,
      home: '/home/arthur',
      theme: { colors: '16', background: 'dark' },
      hasNothing,
    })
  }

  /** The application is there. */
  start(host: 'daemon' | 'this-process' = 'daemon'): this {
    return this.send({ kind: 'started', application: { host: { kind: host }, root: '/' } })
  }

  send(...events: readonly Event[]): this {
    for (const event of events) {
      const { state, effects } = reduce(this.state, event)
      this.state = state
      this.effects.push(...effects)
    }
    return this
  }

  press(...keys: readonly string[]): this {
    return this.send(...keys.map((key) => ({ kind: 'key', key }) as const))
  }

  /** Types text, character by character. */
  type(text: string): this {
    return this.press(...Array.from(text))
  }

  /** Answers the last call of `method`. */
  answer<M extends Answer['method']>(method: M, value: Extract<Answer, { method: M }>['value']): this {
    const { slot, args } = this.lastCall(method)
    return this.send({ kind: 'answer', slot, method, args, value, isLast: true } as unknown as Answer)
  }

  fail(method: Call['method'], code: 'WRONG_KEY' | 'WRONG_PASSWORD' | 'STORE_UNAVAILABLE', message: string): this {
    const { slot } = this.lastCall(method)
    return this.send({ kind: 'failure', slot, method, problem: { code, message, hint: undefined } })
  }

  lastCall<M extends Call['method']>(method: M): Extract<Call, { method: M }> {
    const found = this.effects.findLast((effect) => effect.kind === 'call' && effect.method === method)
    if (found === undefined) throw new Error(`${method} was never asked`)
    return found as Extract<Call, { method: M }>
  }

  calls(method: Call['method']): number {
    return this.effects.filter((effect) => effect.kind === 'call' && effect.method === method).length
  }
}
