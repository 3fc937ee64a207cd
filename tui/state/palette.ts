import { fuzzySearch } from '../keymap/fuzzy.ts'
import type { Key } from '../keymap/key.ts'
import { isMotion } from '../keymap/motion.ts'
import { SHARED_KEYS, type SharedCommand } from '../keymap/shared-keys.ts'
import { ALL_SCREEN_NAMES, SCREEN_NAMES, type ScreenName } from './screen-name.ts'
import { keysOfScreen, titleOf } from './screen-step.ts'
import type { State } from './state.ts'

/** Something that can be found and done by its name. */
export interface PaletteEntry {
  readonly title: string
  readonly key: Key | undefined
  readonly action:
    | { readonly kind: 'go'; readonly screen: ScreenName }
    | { readonly kind: 'screen'; readonly command: string }
    | { readonly kind: 'shared'; readonly command: SharedCommand }
}

/** Returns what can be done here and now, and matches what was typed, best first. */
export function paletteEntries(state: State, query: string): readonly PaletteEntry[] {
  const own = keysOfScreen(state)
    .filter(({ command }) => !isMotion(command))
    .map(({ command, help, keys }): PaletteEntry => {
      return { title: help, key: keys[0], action: { kind: 'screen', command } }
    })
  const screens = ALL_SCREEN_NAMES.map((screen, index): PaletteEntry => {
    const key = index < SCREEN_NAMES.length ? String(index + 1) : undefined
    return { title: `go to ${titleOf(screen)}`, key, action: { kind: 'go', screen } }
  })
  const shared = SHARED_KEYS.filter(({ command }) => command !== 'palette').map(({ command, help, keys }) => {
    return { title: help, key: keys[0], action: { kind: 'shared' as const, command } }
  })
  return fuzzySearch(query, [...own, ...screens, ...shared], ({ title }) => title)
}
