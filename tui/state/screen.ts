import type { EditorCommand } from '../forms/editor.ts'
import type { RecallCommand } from '../forms/prompt.ts'
import type { Keymap } from '../keymap/keymap.ts'
import type { ScreenEvent } from './event.ts'
import type { Shared } from './shared.ts'
import type { Step } from './step.ts'

/** A screen without its looks: what it remembers, which keys it knows, and what becomes of events. All pure. */
export interface Screen<S, Command extends string> {
  readonly title: string
  readonly initial: S
  /** The keys that do something now; what those of a form or a prompt do is done there. */
  keys(state: S, shared: Shared): Keymap<Command | EditorCommand | RecallCommand>
  /** What can be asked for from other screens, where that is more than its keys do now. */
  commands?(): Keymap<Command>
  /** `true` while keys are text of a field. */
  isTyping(state: S): boolean
  /** What would be lost by leaving the dashboard now, in words. */
  unsaved?(state: S): string | undefined
  reduce(state: S, event: ScreenEvent<Command>, shared: Shared): Step<S>
}
