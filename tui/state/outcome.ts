import type { Effect } from './call.ts'
import type { State } from './state.ts'

/** What an event made of the dashboard, and what shall be done about it. */
export interface Outcome {
  readonly state: State
  readonly effects: readonly Effect[]
}

export function outcome(state: State, effects: readonly Effect[] = []): Outcome {
  return { state, effects }
}

/** Goes on from an outcome; the effects come one after the other. */
export function andThen(before: Outcome, next: (state: State) => Outcome): Outcome {
  const after = next(before.state)
  return { state: after.state, effects: [...before.effects, ...after.effects] }
}

export function withMessage(state: State, text: string): State {
  const sinceMs = state.shared.nowMs
  return { ...state, message: { text, hint: undefined, isProblem: false, sinceMs } }
}
