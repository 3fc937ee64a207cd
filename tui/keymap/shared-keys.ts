import type { Keymap } from './keymap.ts'

/** What every screen knows. The digits stand in the title line. */
export type SharedCommand =
  'help' | 'palette' | 'back' | 'unlock' | 'lock' | 'next-repository' | 'refresh' | 'repaint' | 'quit'

/** Where `?` is text. */
export const HELP_WHILE_TYPING = 'ctrl+g'

/** Known wherever one is, as in other programs of a terminal. */
export const REPAINT = {
  command: 'repaint',
  keys: ['ctrl+l'],
  help: 'paint the terminal anew, where another program wrote over it',
} as const

/** What of that is known while keys are text of a field. */
export const TYPING_KEYS: Keymap<SharedCommand> = [
  { command: 'help', keys: [HELP_WHILE_TYPING], label: 'help', help: 'explain the keys' },
  REPAINT,
]

export const SHARED_KEYS: Keymap<SharedCommand> = [
  { command: 'palette', keys: [':'], label: 'commands', help: 'find a command by its name' },
  { command: 'help', keys: ['?', HELP_WHILE_TYPING], label: 'help', help: 'explain the keys' },
  { command: 'back', keys: ['esc'], label: 'back', help: 'back to where you came from' },
  { command: 'next-repository', keys: ['ctrl+n'], help: 'look at the next repository' },
  { command: 'unlock', keys: ['ctrl+u'], help: 'open the repository with a password, a recovery code or a key file' },
  { command: 'lock', keys: ['ctrl+k'], help: 'forget the keys of all repositories' },
  { command: 'refresh', keys: ['ctrl+r'], help: 'ask for everything again' },
  REPAINT,
  { command: 'quit', keys: ['q', 'ctrl+c'], label: 'quit', help: 'leave the dashboard; running jobs are asked about' },
]
