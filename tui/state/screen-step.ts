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

/** Returns the keys of the screen that is shown. */
export function keysOfScreen(state: State): Keymap<string> {
  return screenOf(state.screen).keys(state.screens[state.screen], state.shared)
}

/** Tells whether keys are text now. */
export function isTyping(state: State): boolean {
  return screenOf(state.screen).isTyping(state.screens[state.screen])
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
