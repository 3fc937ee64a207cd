import type { ScreenName } from '../state/screen-name.ts'
import { browse } from './browse/browse.ts'
import { overview } from './overview/overview.ts'
import { points } from './points/points.ts'
import { restore } from './restore/restore.ts'

/** All screens without their looks, which are in views.tsx. */
export const SCREENS = { overview, points, browse, restore } as const satisfies Record<ScreenName, unknown>
