import { readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { expect, test } from 'vitest'

import { SimulatedDaemon } from '../../support/simulated-daemon.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** What the process holds, after all that nobody needs is gone. */
function held(): { readonly heapBytes: number; readonly descriptors: number } {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return { heapBytes: process.memoryUsage().heapUsed, descriptors: readdirSync('/proc/self/fd').length }
}

test.skipIf(process.platform !== 'linux')(
  'a week of looks at every minute and jobs at every hour takes no more memory and no more descriptors',
  async () => {
    const d = new SimulatedDaemon({
      nowMs: Date.UTC(2026, 2, 27),
      configuration: `plans:
  p: { sources: /home/ada, repository: /srv/a, trigger: '@hourly', steps: [incremental, { forget: { keep-last: 3 } }] }
`,
    })
    d.runner.outcome = () => ({ durationMs: 5000, exitCode: d.runner.calls.length % 7 === 0 ? 1 : 0 })
    await d.start({ lookMs: MINUTE_MS })
    await d.pass(DAY_MS)
    const before = held()
    await d.pass(6 * DAY_MS)
    const after = held()
    expect(d.problems).toEqual([])
    expect(d.runner.calls.length).toBeGreaterThan(2 * 7 * 23)
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 2)
    expect(after.heapBytes - before.heapBytes).toBeLessThan(4 << 20)
  },
)
