import type { Keymap } from './keymap.ts'

/** Ways to move in a list. */
export type Motion = 'up' | 'down' | 'page-up' | 'page-down' | 'first' | 'last'

/** The keys of every list. */
export const MOTION_KEYS: Keymap<Motion> = [
  { command: 'up', keys: ['up', 'k'], help: 'one line up' },
  { command: 'down', keys: ['down', 'j'], help: 'one line down' },
  { command: 'page-up', keys: ['pageup', 'ctrl+b'], help: 'one page up' },
  { command: 'page-down', keys: ['pagedown', 'ctrl+f'], help: 'one page down' },
  { command: 'first', keys: ['home', 'g'], help: 'to the first line' },
  { command: 'last', keys: ['end', 'G'], help: 'to the last line' },
]

export function isMotion(command: string): command is Motion {
  return MOTION_KEYS.some((binding) => binding.command === command)
}
