import { join } from 'node:path/posix'

import type { ThemeOptions } from '../theme/theme.ts'
import type { Size } from './event.ts'
import { LOADING, ready } from './loaded.ts'
import { initialScreens } from './screen-step.ts'
import type { State } from './state.ts'

export interface Beginning {
  readonly size: Size
  readonly nowMs: number
  /** The folder of the user: an absolute path. */
  readonly home: string
  readonly theme: ThemeOptions
  /** No repository is configured: whoever begins is shown two ways at once. */
  readonly hasNothing: boolean
}

/** Returns the state before there is anybody to ask. */
export function initialState({ size, nowMs, home, theme, hasNothing }: Beginning): State {
  return {
    shared: {
      size,
      nowMs,
      host: { kind: 'this-process' },
      home,
      settings: { theme, mountFolder: join(home, 'tidemark') },
      root: '',
      repository: undefined,
      repositories: hasNothing ? ready([]) : LOADING,
      points: LOADING,
      jobs: LOADING,
      health: LOADING,
      notifications: LOADING,
      mounts: LOADING,
    },
    screen: hasNothing ? 'start' : 'overview',
    back: hasNothing ? ['overview'] : [],
    screens: initialScreens(),
    overlay: undefined,
    leftLocked: new Set(),
    message: undefined,
  }
}
