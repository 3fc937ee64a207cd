import type { Key } from './key.ts'

/** One thing that keys do: what stands at the bottom, in the help and in the palette. */
export interface Binding<Command extends string> {
  readonly command: Command
  readonly keys: readonly Key[]
  /** A word or two for the bottom line; `undefined`: only in the help. */
  readonly label?: string
  /** What it does, in a sentence without its period. */
  readonly help: string
  /** It is done at once to what is chosen: whoever comes from another screen has to see that first. */
  readonly needsLook?: true
}

export type Keymap<Command extends string> = readonly Binding<Command>[]

/** Returns what a key does, `undefined` for nothing. */
export function commandOf<Command extends string>(keymap: Keymap<Command>, key: Key): Command | undefined {
  return keymap.find(({ keys }) => keys.includes(key))?.command
}

const SHOWN: Readonly<Record<string, string>> = {
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
  enter: 'Enter',
  esc: 'Esc',
  tab: 'Tab',
  'shift+tab': 'Shift+Tab',
  space: 'Space',
  delete: 'Del',
  backspace: 'Backspace',
}

/** Returns a key as it is written for people: `Enter`, `Ctrl+C`. */
export function shownKey(key: Key): string {
  return SHOWN[key] ?? key.replace(/^ctrl\+(.)$/, (_, letter: string) => `Ctrl+${letter.toUpperCase()}`)
}
