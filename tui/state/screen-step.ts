import type { Keymap } from '../keymap/keymap.ts'
import { SCREENS } from '../screens/screens.ts'
import type { Screen } from './screen.ts'
import { ALL_SCREEN_NAMES, type ScreenName } from './screen-name.ts'
import type { ScreenEvent } from './event.ts'
import type { ScreenStates, State } from './state.ts'
import type { Step } from './step.ts'

/** A screen of any name: its state and commands are its own affair and only ever given back to it. */
type AnyScreen = Screen<ScreenStates[ScreenName], string>

function screenOf(name: ScreenName): AnyScreen {
  return SCREENS[name]
}

export function titleOf(name: ScreenName): string {
  return SCREENS[name].title
}

/** Returns the keys of a screen: of the one that is shown, unless another one is named. */
export function keysOfScreen(state: State, name: ScreenName = state.screen): Keymap<string> {
  return screenOf(name).keys(state.screens[name], state.shared)
}

/** Returns what can be asked of a screen that is not shown; nothing while something is typed there. */
export function commandsOfScreen(state: State, name: ScreenName): Keymap<string> {
  return isTyping(state, name) ? [] : (screenOf(name).commands?.() ?? keysOfScreen(state, name))
}

/** Tells whether keys are text in a screen now. */
export function isTyping(state: State, name: ScreenName = state.screen): boolean {
  return screenOf(name).isTyping(state.screens[name])
}

/** Returns what a screen makes of an event; its state has been put in its place. */
export function stepOfScreen(
  state: State,
  name: ScreenName,
  event: ScreenEvent,
): { state: State; step: Omit<Step<unknown>, 'state'> } {
  const { state: own, ...step } = screenOf(name).reduce(state.screens[name], event, state.shared)
  const isSame = own === state.screens[name]
  return { state: isSame ? state : { ...state, screens: { ...state.screens, [name]: own } }, step }
}

/** Returns what would be lost if the dashboard ended now, in words. */
export function unsavedWork(state: State): readonly string[] {
  return ALL_SCREEN_NAMES.flatMap((name) => screenOf(name).unsaved?.(state.screens[name]) ?? [])
}

/** Returns the states in which all screens begin. */
export function initialScreens(): ScreenStates {
  return Object.fromEntries(ALL_SCREEN_NAMES.map((name) => [name, SCREENS[name].initial])) as unknown as ScreenStates
}
