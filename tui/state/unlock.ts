import { type Form, isFilled, pasteInForm, takeSecret, typeInForm } from '../forms/form.ts'
import { type OpenerField, openerFields, takeOpener, withFittingOpener } from '../forms/opener.ts'
import { REFUSALS_BEFORE_ADVICE } from '../forms/refusals.ts'
import type { Key } from '../keymap/key.ts'
import { type Answer, call, type Failure } from './call.ts'
import { LOADING, valueOr } from './loaded.ts'
import { outcome, type Outcome, withMessage } from './outcome.ts'
import type { Overlay } from './overlay.ts'
import { callsForAll } from './reduce-shared.ts'
import { initialScreens } from './screen-step.ts'
import type { State } from './state.ts'

type Unlocking = Extract<Overlay, { kind: 'unlock' }>

/** Asks for the password of a repository. */
export function askToUnlock(state: State, repository: string): State {
  if (state.overlay?.kind === 'unlock' && state.overlay.repository === repository) return state
  const overlay: Overlay = {
    kind: 'unlock',
    repository,
    form: emptyForm(),
    refusals: 0,
    isTrying: false,
    isLeaving: false,
  }
  return { ...state, overlay }
}

export function keyWhileUnlocking(state: State, overlay: Unlocking, key: Key): Outcome {
  if (overlay.isLeaving) return keyInLeaving(state, overlay, key)
  if (overlay.isTrying && key !== 'esc') return outcome(state)
  const { form, outcome: what } = typeInForm(overlay.form, key)
  if (what === 'left') {
    if (!overlay.isTrying && isFilled(form)) return outcome({ ...state, overlay: { ...overlay, isLeaving: true } })
    return outcome(endUnlocking(state, overlay))
  }
  if (what === 'editing') return outcome({ ...state, overlay: { ...overlay, form: withFittingOpener(form) } })
  const secret = takeOpener(form)
  return outcome({ ...state, overlay: { ...overlay, form: emptyForm(form), isTrying: true } }, [
    call('shared:unlock', 'unlock', overlay.repository, secret),
  ])
}

function keyInLeaving(state: State, overlay: Unlocking, key: Key): Outcome {
  if (key === 'y') return outcome(endUnlocking(state, overlay))
  const isNo = key === 'n' || key === 'esc'
  return outcome(isNo ? { ...state, overlay: { ...overlay, isLeaving: false } } : state)
}

export function pasteWhileUnlocking(state: State, overlay: Unlocking, text: string): State {
  if (overlay.isLeaving) return state
  return { ...state, overlay: { ...overlay, form: pasteInForm(overlay.form, text) } }
}

/** What follows when the repository has been opened. */
export function unlocked(state: State, answer: Extract<Answer, { method: 'unlock' }>): Outcome {
  const next = withMessage(state, `${answer.args[0]} is open.`)
  const leftLocked = new Set(next.leftLocked)
  leftLocked.delete(answer.args[0])
  return outcome({ ...next, overlay: undefined, leftLocked }, callsForAll(next.shared))
}

/** What follows when it has not: another try. Whoever goes on typing types a secret, never keys of the screen below. */
export function refused(state: State, { problem }: Failure): State {
  const { overlay } = state
  if (overlay?.kind !== 'unlock') return state
  const refusals = overlay.refusals + 1
  const mistake =
    refusals < REFUSALS_BEFORE_ADVICE ? problem.message : `${problem.message}, ${refusals} times now: ${OTHER_WAY}`
  const form = emptyForm(overlay.form)
  const fields = form.fields.map((field) => (field.name === 'secret' ? { ...field, mistake } : field))
  return { ...state, overlay: { ...overlay, form: { ...form, fields }, refusals, isTrying: false } }
}

const OTHER_WAY = 'the recovery code opens it as well, ↑ and → choose it.'

function endUnlocking(state: State, overlay: Unlocking): State {
  takeSecret(overlay.form, 'secret').fill(0)
  const isLocked = !isOpen(state, overlay.repository)
  const left = isLocked ? withMessage(state, 'The repository stays locked: Ctrl+U opens it.') : state
  return { ...left, overlay: undefined, leftLocked: withLeft(state, overlay.repository) }
}

function isOpen({ shared }: State, repository: string): boolean {
  return valueOr(shared.repositories, []).some(({ name, state }) => name === repository && state.kind === 'open')
}

/**
 * Returns the repository that is meant by opening one: the one that is looked at, unless that is open already and a job
 * waits for another one.
 */
export function repositoryToUnlock(state: State): string | undefined {
  const { jobs, repository } = state.shared
  if (repository === undefined || !isOpen(state, repository)) return repository
  const waiting = valueOr(jobs, []).find(({ wait }) => wait?.for === 'unlock' && wait.repository !== undefined)
  return waiting?.wait?.repository ?? repository
}

/** What follows when all keys have been forgotten: what was read with them goes, too. */
export function locked(state: State): Outcome {
  const { repository } = state.shared
  const { browse, overview, points, restore } = initialScreens()
  const next: State = {
    ...state,
    shared: { ...state.shared, points: LOADING },
    screens: {
      ...{ ...state.screens, browse, points, restore },
      overview: { ...state.screens.overview, sizes: overview.sizes },
    },
    leftLocked: repository === undefined ? state.leftLocked : withLeft(state, repository),
  }
  return outcome(withMessage(next, 'The keys of all repositories are forgotten.'), callsForAll(next.shared))
}

function withLeft({ leftLocked }: State, repository: string): ReadonlySet<string> {
  return new Set(leftLocked).add(repository)
}

/** Returns a form with nothing typed, which opens with the same kind of thing as `before`. */
function emptyForm(before?: Form<OpenerField>): Form<OpenerField> {
  return { fields: openerFields(before), focus: 1 }
}
