import type { Size } from './event.ts'
import { LOADING } from './loaded.ts'
import { initialScreens } from './screen-step.ts'
import type { State } from './state.ts'

export interface Beginning {
  readonly size: Size
  readonly nowMs: number
}

/** Returns the state before there is anybody to ask. */
export function initialState({ size, nowMs }: Beginning): State {
  return {
    shared: {
      size,
      nowMs,
      host: 'this-process',
      root: '',
      repository: undefined,
      repositories: LOADING,
      points: LOADING,
      jobs: LOADING,
      health: LOADING,
      notifications: LOADING,
      mounts: LOADING,
    },
    screen: 'overview',
    back: [],
    screens: initialScreens(),
    overlay: undefined,
    leftLocked: new Set(),
    message: undefined,
  }
}
