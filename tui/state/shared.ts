import type {
  HealthData,
  HostData,
  JobData,
  MountData,
  NotificationData,
  PointData,
  RepositoryData,
} from '../../src/service/application/shown.ts'
import type { Size } from './event.ts'
import type { ThemeOptions } from '../theme/theme.ts'
import { type Loaded, valueOr } from './loaded.ts'

/** What somebody set, for as long as the dashboard is open. */
export interface Settings {
  readonly theme: ThemeOptions
  /** Where mounting is offered: an absolute path. */
  readonly mountFolder: string
}

/** What all screens see: the terminal, the time, and what the port said about everything. */
export interface Shared {
  readonly size: Size
  readonly nowMs: number
  /** Who runs jobs. */
  readonly host: HostData
  /** The folder of the user: an absolute path. */
  readonly home: string
  readonly settings: Settings
  /** The path of every point's root directory. */
  readonly root: string
  /** The repository that is looked at; `undefined` while there is none. */
  readonly repository: string | undefined
  readonly repositories: Loaded<readonly RepositoryData[]>
  /** Points of that repository, newest first. */
  readonly points: Loaded<readonly PointData[]>
  readonly jobs: Loaded<readonly JobData[]>
  readonly health: Loaded<HealthData>
  readonly notifications: Loaded<readonly NotificationData[]>
  readonly mounts: Loaded<readonly MountData[]>
}

const COLUMNS_MIN = 80
const ROWS_MIN = 24
/** What every screen needs, as it is told. */
export const SIZE_NEEDED = `${COLUMNS_MIN}x${ROWS_MIN}`

/** Tells whether a terminal shows all of a screen: in a smaller one no key does what nobody sees. */
export function isLargeEnough({ columns, rows }: Size): boolean {
  return columns >= COLUMNS_MIN && rows >= ROWS_MIN
}

/** Rows that a screen has for itself: the terminal's without title, rule, message and keys. */
export function bodyRows(shared: Shared): number {
  return Math.max(1, shared.size.rows - FRAME_ROWS)
}

const FRAME_ROWS = 4

/** Returns the jobs that run now, of all repositories. */
export function runningJobs(shared: Shared): readonly JobData[] {
  return valueOr(shared.jobs, []).filter(({ state }) => state === 'running')
}
