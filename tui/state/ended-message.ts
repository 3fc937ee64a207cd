import { valueOr } from './loaded.ts'
import type { Event } from './event.ts'
import { outcome, type Outcome } from './outcome.ts'
import type { Shared } from './shared.ts'
import type { Message, State } from './state.ts'

/** How long a message stays where nothing ends it: good news shorter than bad. */
const MESSAGE_MS = 6000
const PROBLEM_MS = 20_000

/** Returns what an event made of the dashboard, without the message that was there before, where the event ends it. */
export function withoutEndedMessage(before: State, event: Event, after: Outcome): Outcome {
  const { state, effects } = after
  const { message } = before
  if (message === undefined || state.message !== message || !isEnded(message, before, event, after)) return after
  return outcome({ ...state, message: undefined }, effects)
}

function isEnded(message: Message, before: State, event: Event, { state, effects }: Outcome): boolean {
  if (state.screen !== before.screen) return true
  switch (event.kind) {
    case 'key':
    case 'paste':
      return message.isUnasked !== true && (state !== before || effects.length > 0)
    case 'tick':
      return event.nowMs - message.sinceMs > (message.isProblem ? PROBLEM_MS : MESSAGE_MS)
    case 'answer':
      return event.slot === message.slot || isReachedAgain(message, before.shared, state.shared)
    default:
      return false
  }
}

/** Tells whether a problem was that a repository is away, which is told of it in the same words, and no longer is. */
function isReachedAgain({ text }: Message, before: Shared, after: Shared): boolean {
  return (
    before.repositories !== after.repositories && troubles(before).includes(text) && !troubles(after).includes(text)
  )
}

function troubles({ repositories }: Shared): readonly string[] {
  return valueOr(repositories, []).flatMap(({ state }) => (state.kind === 'unreachable' ? [state.message] : []))
}
