import type { SCREENS } from '../screens/screens.ts'
import type { Slot } from './call.ts'
import type { Overlay } from './overlay.ts'
import type { ScreenName } from './screen-name.ts'
import type { Shared } from './shared.ts'

export interface Message {
  readonly text: string
  readonly hint: string | undefined
  readonly isProblem: boolean
  readonly sinceMs: number
  /** The call that failed: once it has an answer, the problem is over. */
  readonly slot?: Slot
  /** It came of itself, such as the end of a job: only a key that leaves the screen ends it. */
  readonly isUnasked?: true
}

/** What each screen remembers, also while another one is shown. */
export type ScreenStates = { readonly [N in ScreenName]: (typeof SCREENS)[N]['initial'] }

/** Everything that the dashboard is, as one immutable value. */
export interface State {
  readonly shared: Shared
  readonly screen: ScreenName
  /** Where Esc goes, the last one first. */
  readonly back: readonly ScreenName[]
  readonly screens: ScreenStates
  readonly overlay: Overlay | undefined
  /** Repositories that stay locked because somebody wants them to: their passwords are asked for on demand only. */
  readonly leftLocked: ReadonlySet<string>
  readonly message: Message | undefined
}
