import type { ScreenName } from '../state/screen-name.ts'
import { browse } from './browse/browse.ts'
import { drivers } from './drivers/drivers.ts'
import { jobs } from './jobs/jobs.ts'
import { mounts } from './mounts/mounts.ts'
import { overview } from './overview/overview.ts'
import { plans } from './plans/plans.ts'
import { points } from './points/points.ts'
import { restore } from './restore/restore.ts'
import { settings } from './settings/settings.ts'
import { start } from './start/start.ts'

/** All screens without their looks, which are in views.tsx. */
export const SCREENS = {
  overview,
  points,
  browse,
  restore,
  plans,
  drivers,
  jobs,
  mounts,
  settings,
  start,
} as const satisfies Record<ScreenName, unknown>
