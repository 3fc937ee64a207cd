import { createContext, useContext } from 'react'

/** What a terminal can show, and on what. */
export interface ThemeOptions {
  readonly colors: 'none' | '16' | '256'
  readonly background: 'dark' | 'light'
}

/** A colour by the names that Ink knows; `undefined`: the terminal's own. */
export type Color = string | undefined

/** Colours by what they mean. Nothing is told by colour alone. */
export interface Theme {
  readonly accent: Color
  readonly good: Color
  readonly warning: Color
  readonly bad: Color
  readonly muted: Color
  /** The accent as a terminal is told it (SGR parameters), for charts: Ink takes them as they are. */
  readonly chart: string | undefined
}

const NONE: Theme = {
  accent: undefined,
  good: undefined,
  warning: undefined,
  bad: undefined,
  muted: undefined,
  chart: undefined,
}
/** The terminal's sixteen colours fit its background, except yellow on white and the bright ones. */
const DARK_16: Theme = {
  accent: 'cyan',
  good: 'green',
  warning: 'yellow',
  bad: 'redBright',
  muted: 'gray',
  chart: '36',
}
const LIGHT_16: Theme = { ...DARK_16, accent: 'blue', warning: 'magenta', bad: 'red', chart: '34' }
const DARK_256: Theme = {
  accent: 'ansi256(80)',
  good: 'ansi256(114)',
  warning: 'ansi256(221)',
  bad: 'ansi256(210)',
  muted: 'ansi256(246)',
  chart: '38;5;80',
}
const LIGHT_256: Theme = {
  accent: 'ansi256(25)',
  good: 'ansi256(28)',
  warning: 'ansi256(130)',
  bad: 'ansi256(124)',
  muted: 'ansi256(242)',
  chart: '38;5;25',
}

export function themeOf({ colors, background }: ThemeOptions): Theme {
  if (colors === 'none') return NONE
  if (colors === '16') return background === 'light' ? LIGHT_16 : DARK_16
  return background === 'light' ? LIGHT_256 : DARK_256
}

export const ThemeContext = createContext<Theme>(NONE)

export function useTheme(): Theme {
  return useContext(ThemeContext)
}

/** Returns the colour of a state of health. */
export function healthColor(theme: Theme, color: 'green' | 'amber' | 'red'): Color {
  return { green: theme.good, amber: theme.warning, red: theme.bad }[color]
}
