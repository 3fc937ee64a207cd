import type { Effect } from './call.ts'
import type { Settings } from './shared.ts'
import type { Destination } from './destination.ts'

/** A question to be answered with yes before something is done that cannot be taken back as easily as it is said. */
export interface Question {
  /** What the screen is told when the answer is yes. */
  readonly name: string
  readonly title: string
  readonly lines: readonly string[]
  /** What yes does, as a verb: "forget". */
  readonly verb: string
  /** What no means, where it is not "leave it". */
  readonly otherwise?: string
}

/** What a screen's reducer returns: its next state, and what else shall happen. */
export interface Step<S> {
  readonly state: S
  readonly effects?: readonly Effect[]
  /** Another screen to go to. */
  readonly go?: Destination
  readonly ask?: Question
  /** The repository of that name shall be opened. */
  readonly unlock?: string
  /** What is set anew for all screens. */
  readonly set?: Partial<Settings>
  /** Shown in the message line. */
  readonly say?: string
}
