import { busyApplication } from './busy-application.ts'
import { FakeApplication } from './fake-application.ts'
import { HeadlessDashboard } from './headless-dashboard.ts'

export interface ScreenFrame {
  readonly title: string
  /** Lines of a terminal of 80x24. */
  readonly frame: string
}

/** What to press on which screen, and what it shows then. */
const SCREENS: readonly { readonly title: string; readonly keys: readonly string[]; readonly shows: RegExp }[] = [
  { title: 'Overview', keys: [], shows: /⡇[^]*Last points[^]*11:00[^]*No notifications/ },
  { title: 'Points', keys: ['2'], shows: /40 points[^]*inc/ },
  { title: 'Plans', keys: ['5'], shows: /› nightly/ },
  { title: 'Drivers', keys: ['6'], shows: /attic/ },
  { title: 'Jobs', keys: ['7'], shows: /▸ runs[^]*✗ failed/ },
  { title: 'Mounts', keys: ['8'], shows: /› +depot/ },
  { title: 'Settings', keys: ['9'], shows: /Mount folder/ },
]

/** Returns what each screen of the dashboard shows, of an application in memory. */
export async function screenFrames(): Promise<readonly ScreenFrame[]> {
  const application = busyApplication()
  // A chart of what runs depends on how long it is looked at.
  const jobs = application.jobList
  application.jobList = []
  const dashboard = new HeadlessDashboard(application)
  const frames: ScreenFrame[] = []
  try {
    await dashboard.shows('depot: 40 points')
    for (const { title, keys, shows } of SCREENS) {
      await dashboard.press(...keys)
      frames.push({ title, frame: await settled(dashboard, shows) })
      application.jobList = jobs
      application.tell('jobs')
    }
    frames.splice(2, 0, ...(await restoreFrames(dashboard)))
  } finally {
    await dashboard.close()
  }
  return [await firstStart(), ...frames]
}

async function restoreFrames(dashboard: HeadlessDashboard): Promise<readonly ScreenFrame[]> {
  await dashboard.press('3')
  await dashboard.shows('▸ home')
  await dashboard.press('p')
  await dashboard.shows('Go to: ')
  dashboard.send('/home/arthur/notes.txt')
  await dashboard.press('enter')
  await dashboard.shows('version 39')
  await dashboard.press('space')
  const browse = await settled(dashboard, /1 marked[^]*PNG image/)
  await dashboard.press('r')
  await dashboard.shows('~ overwrite')
  await dashboard.press('down')
  return [
    { title: 'Browse', frame: browse },
    { title: 'Restore', frame: await settled(dashboard, /there {2}file/) },
  ]
}

async function firstStart(): Promise<ScreenFrame> {
  const dashboard = new HeadlessDashboard(new FakeApplication())
  try {
    return { title: 'First start', frame: await settled(dashboard, /New backup/) }
  } finally {
    await dashboard.close()
  }
}

/** Returns the frame once nothing is painted any more. */
async function settled(dashboard: HeadlessDashboard, shows: RegExp): Promise<string> {
  await dashboard.shows(shows)
  let before = ''
  for (;;) {
    const frame = dashboard.frame()
    if (frame === before) return frame
    before = frame
    await dashboard.quiet()
  }
}
