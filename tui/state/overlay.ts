import type { Form } from '../forms/form.ts'
import type { OpenerField } from '../forms/opener.ts'
import type { TextLine } from '../forms/text-line.ts'
import type { ScreenName } from './screen-name.ts'
import type { Question } from './step.ts'

/** What lies over the screen and takes all keys. */
export type Overlay =
  | { readonly kind: 'help'; readonly top: number }
  | { readonly kind: 'palette'; readonly query: TextLine; readonly selected: number }
  | { readonly kind: 'question'; readonly screen: ScreenName; readonly question: Question }
  | { readonly kind: 'quit'; readonly reasons: readonly string[] }
  | {
      readonly kind: 'unlock'
      readonly repository: string
      readonly form: Form<OpenerField>
      /** Secrets that did not fit. */
      readonly refusals: number
      /** Asked, and not answered yet. */
      readonly isTrying: boolean
      /** Whether to leave it is asked: something was typed. */
      readonly isLeaving: boolean
    }
