import type { Shared } from '../state/shared.ts'

/** What a screen is drawn from, and the room that it has. */
export interface ViewProps<S> {
  readonly state: S
  readonly shared: Shared
  readonly columns: number
  readonly rows: number
}
