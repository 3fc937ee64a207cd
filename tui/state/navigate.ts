import type { Destination } from './destination.ts'
import type { ScreenEvent } from './event.ts'
import { valueOr } from './loaded.ts'
import { andThen, outcome, type Outcome, withMessage } from './outcome.ts'
import { lookAt } from './reduce-shared.ts'
import { stepOfScreen } from './screen-step.ts'
import type { ScreenName } from './screen-name.ts'
import type { State } from './state.ts'
import type { Question } from './step.ts'
import { askToUnlock } from './unlock.ts'

/** Screens that Esc leads back through at most. */
const BACK_MAX = 16

/** Gives an event to a screen and does what it wants. */
export function tellScreen(state: State, name: ScreenName, event: ScreenEvent): Outcome {
  const { state: told, step } = stepOfScreen(state, name, event)
  const { ask, go, say, set, unlock } = step
  const asked = ask === undefined ? told : askOf(told, name, ask, event)
  const unlocking = unlock === undefined ? asked : askToUnlock(asked, unlock)
  const said = say === undefined ? unlocking : withMessage(unlocking, say)
  const { shared } = said
  const settled =
    set === undefined ? said : { ...said, shared: { ...shared, settings: { ...shared.settings, ...set } } }
  const done = outcome(settled, step.effects)
  return go === undefined ? done : andThen(done, (next) => openScreen(next, go))
}

/**
 * Asks a question of a screen. What comes with an answer never takes keys that are meant for something else: it is
 * asked only where whoever waits for it still looks.
 */
function askOf(state: State, name: ScreenName, question: Question, { kind }: ScreenEvent): State {
  const isElsewhere = state.screen !== name || state.overlay !== undefined
  if (kind === 'answer' && isElsewhere)
    return withMessage(state, `Not asked: ${question.title} Ask for it again there.`)
  return { ...state, overlay: { kind: 'question', screen: name, question } }
}

/** Goes to a screen; Esc leads back to the one before. */
export function openScreen(state: State, destination: Destination): Outcome {
  const { screen, repository = state.shared.repository } = destination
  const back = state.screen === screen ? state.back : [state.screen, ...state.back].slice(0, BACK_MAX)
  const { shared, calls } =
    repository === state.shared.repository ? { shared: state.shared, calls: [] } : lookAt(state.shared, repository)
  return andThen(outcome({ ...state, shared, screen, back }, calls), (next) =>
    tellScreen(next, screen, { kind: 'opened', destination }),
  )
}

/** There is a repository, and nobody is about to add another one: the first start is over. */
function isBegun({ shared, screens }: State): boolean {
  return screens.start.page === 'choose' && valueOr(shared.repositories, []).length > 0
}

/** Goes back to the screen before; at the first one nothing happens. */
export function goBack(state: State): Outcome {
  const [screen, ...back] = isBegun(state) ? state.back.filter((name) => name !== 'start') : state.back
  if (screen === undefined) return outcome(state)
  return tellScreen({ ...state, screen, back }, screen, { kind: 'opened', destination: { screen } })
}
