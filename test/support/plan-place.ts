import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { PROGRAM } from './cli.ts'
import { DaemonPlace } from './daemon-place.ts'
import { Terminal } from './terminal.ts'

/** Returns a place with one repository, `disk`, and a plan that is paused, `home`, of which more may be said as YAML. */
export async function placeWithPlan(plan: string): Promise<DaemonPlace> {
  const place = new DaemonPlace()
  writeFileSync(join(place.source, 'file'), 'content')
  place.configure({ disk: place.repository }, '')
  await place.succeed(['init', '-r', 'disk', '--no-recovery', '--kdf-memory', '8M'])
  place.configure(
    { disk: place.repository },
    `plans:
  home:
    sources: ${place.source}
    repository: disk
    trigger: '@cron * * * * * *'
    paused: true
    steps: [incremental: 1 hour]
    ${plan}
`,
  )
  return place
}

/** Opens the dashboard as somebody does who types `tidemark`. */
export function dashboardIn(place: DaemonPlace): Terminal {
  return new Terminal(`${process.execPath} ${PROGRAM}`, place.environment)
}
