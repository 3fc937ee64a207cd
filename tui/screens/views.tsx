import type { ReactNode } from 'react'

import type { ScreenName } from '../state/screen-name.ts'
import type { ScreenStates } from '../state/state.ts'
import { BrowseView } from './browse/browse-view.tsx'
import { DriversView } from './drivers/drivers-view.tsx'
import { JobsView } from './jobs/jobs-view.tsx'
import { MountsView } from './mounts/mounts-view.tsx'
import { OverviewView } from './overview/overview-view.tsx'
import { PlansView } from './plans/plans-view.tsx'
import { PointsView } from './points/points-view.tsx'
import { RestoreView } from './restore/restore-view.tsx'
import { SettingsView } from './settings/settings-view.tsx'
import { StartView } from './start/start-view.tsx'
import type { ViewProps } from './view-props.ts'

/** How each screen looks. */
export const VIEWS: { readonly [N in ScreenName]: (props: ViewProps<ScreenStates[N]>) => ReactNode } = {
  overview: OverviewView,
  points: PointsView,
  browse: BrowseView,
  restore: RestoreView,
  plans: PlansView,
  drivers: DriversView,
  jobs: JobsView,
  mounts: MountsView,
  settings: SettingsView,
  start: StartView,
}
