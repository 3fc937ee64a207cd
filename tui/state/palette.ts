import { fuzzySearch } from '../keymap/fuzzy.ts'
import type { Key } from '../keymap/key.ts'
import { type Binding, shownKey } from '../keymap/keymap.ts'
import { isMotion } from '../keymap/motion.ts'
import { SHARED_KEYS, type SharedCommand } from '../keymap/shared-keys.ts'
import { openScreen, tellScreen } from './navigate.ts'
import { andThen, outcome, type Outcome, withMessage } from './outcome.ts'
import { ALL_SCREEN_NAMES, SCREEN_NAMES, type ScreenName } from './screen-name.ts'
import { commandsOfScreen, keysOfScreen, titleOf } from './screen-step.ts'
import type { State } from './state.ts'

/** Something that can be found and done by its name. */
export interface PaletteEntry {
  readonly title: string
  /** By which it is found, too. */
  readonly label: string
  /** The keys that do it, one after the other. */
  readonly keys: readonly Key[]
  readonly action:
    | { readonly kind: 'go'; readonly screen: ScreenName }
    | { readonly kind: 'screen'; readonly screen: ScreenName; readonly binding: Binding<string> }
    | { readonly kind: 'shared'; readonly command: SharedCommand }
}

/** Returns what can be done, here and on all other screens, and matches what was typed, best first. */
export function paletteEntries(state: State, query: string): readonly PaletteEntry[] {
  const own = entriesOf(state.screen, keysOfScreen(state))
  const screens = ALL_SCREEN_NAMES.map((screen): PaletteEntry => {
    return { title: `go to ${titleOf(screen)}`, label: '', keys: digitOf(screen), action: { kind: 'go', screen } }
  })
  const shared = SHARED_KEYS.filter(({ command }) => command !== 'palette').map(
    ({ command, help, keys, label = '' }): PaletteEntry => {
      return { title: help, label, keys: keys.slice(0, 1), action: { kind: 'shared', command } }
    },
  )
  const elsewhere = ALL_SCREEN_NAMES.filter((name) => name !== state.screen).flatMap((name) => {
    // What closes something makes sense only to who sees it.
    const commands = commandsOfScreen(state, name).filter(({ keys }) => !keys.includes('esc'))
    return entriesOf(name, commands).map((entry): PaletteEntry => {
      return { ...entry, title: `${titleOf(name)}: ${entry.title}`, keys: [...digitOf(name), ...entry.keys] }
    })
  })
  return fuzzySearch(query, [...own, ...screens, ...shared, ...elsewhere], ({ title, label }) => `${title} ${label}`)
}

function entriesOf(screen: ScreenName, bindings: readonly Binding<string>[]): readonly PaletteEntry[] {
  return bindings
    .filter(({ command }) => !isMotion(command))
    .map((binding) => {
      const { help, label = '', keys } = binding
      return { title: help, label, keys: keys.slice(0, 1), action: { kind: 'screen', screen, binding } }
    })
}

/** Returns the key that opens a screen; the first start has none. */
function digitOf(screen: ScreenName): readonly Key[] {
  const index = SCREEN_NAMES.findIndex((name) => name === screen)
  return index < 0 ? [] : [String(index + 1)]
}

/** Does what a screen was asked for in the palette; whoever is elsewhere goes there first. */
export function doOnScreen(
  state: State,
  screen: ScreenName,
  { command, keys, help, needsLook }: Binding<string>,
): Outcome {
  const isHere = state.screen === screen
  return andThen(isHere ? outcome(state) : openScreen(state, { screen }), (there) => {
    const isOffered = keysOfScreen(there).some((offered) => offered.command === command)
    if (isOffered && (isHere || needsLook !== true)) return tellScreen(there, screen, { kind: 'command', command })
    const key = shownKey(keys[0] ?? '')
    const text = isOffered
      ? `Press ${key} to ${help}.`
      : `Once there is something here for it, ${key} does it: ${help}.`
    return outcome(withMessage(there, text))
  })
}
