import type { ScreenName } from '../state/screen-name.ts'
import { overview } from './overview/overview.ts'

/** All screens without their looks, which are in views.tsx. */
export const SCREENS = { overview } as const satisfies Record<ScreenName, unknown>
