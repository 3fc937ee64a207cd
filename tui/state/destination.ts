import type { Handle } from '../../src/service/application/shown.ts'
import type { ScreenName } from './screen-name.ts'

/** What a screen shall show when it is opened; what is not said stays as it was there. */
export interface Destination {
  readonly screen: ScreenName
  /** The repository to look at from then on. */
  readonly repository?: string
  /** For the screen Browse: a point's id. */
  readonly point?: string
  /** For the screen Jobs: the one to choose. */
  readonly job?: Handle
  /** For the screen Restore. */
  readonly marked?: Marked
}

/** Paths of one point that were marked for a restore. */
export interface Marked {
  readonly repository: string
  readonly point: string
  readonly items: readonly MarkedItem[]
}

export interface MarkedItem {
  readonly path: Handle
  readonly shownPath: string
}
