import type { ThemeOptions } from '../../tui/theme/theme.ts'
import { type Environment, nonEmpty } from './environment.ts'

export interface TerminalLooks {
  readonly theme: ThemeOptions
  readonly isScreenReader: boolean
}

/**
 * Returns what a terminal can show, by its variables: NO_COLOR, TERM, COLORTERM, COLORFGBG (`0;15`: black on white), and
 * INK_SCREEN_READER.
 *
 * @see https://no-color.org
 */
export function terminalLooks(environment: Environment): TerminalLooks {
  return {
    theme: { colors: colorsOf(environment), background: backgroundOf(environment) },
    isScreenReader: environment['INK_SCREEN_READER'] === 'true',
  }
}

function colorsOf({ NO_COLOR, TERM, COLORTERM }: Environment): ThemeOptions['colors'] {
  if (nonEmpty(NO_COLOR) !== undefined || TERM === 'dumb') return 'none'
  return nonEmpty(COLORTERM) !== undefined || TERM?.includes('256color') === true ? '256' : '16'
}

/** Of the sixteen colours, 7 and 9 to 15 are light ones. */
function backgroundOf({ COLORFGBG }: Environment): ThemeOptions['background'] {
  const number = Number(COLORFGBG?.split(';').at(-1) ?? NaN)
  return number === 7 || (number >= 9 && number <= 15) ? 'light' : 'dark'
}
