import type { Application } from '../../src/service/application/port.ts'
import type { Size } from './event.ts'
import { LOADING } from './loaded.ts'
import { initialScreens } from './screen-step.ts'
import type { State } from './state.ts'

export interface Beginning {
  readonly size: Size
  readonly nowMs: number
  readonly application: Pick<Application, 'host' | 'root'>
}

/** Returns the state before anything was asked. */
export function initialState({ size, nowMs, application }: Beginning): State {
  return {
    shared: {
      size,
      nowMs,
      host: application.host,
      root: application.root,
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
    message: undefined,
  }
}
