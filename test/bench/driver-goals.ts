import { DriverResults, type Scenario } from './compare-drivers.ts'
import { time } from './goals.ts'
import type { Row } from './goals.ts'
import type { Step, ToolResults } from './results.ts'

/** Requests of a backup of nothing changed, beside one for every 1,000 objects that are listed. */
export const UNCHANGED_REQUESTS_MAX = 12

function requests(title: string, step: Step, most?: Row['most']): Row {
  const count = (results: ToolResults): number | undefined =>
    results instanceof DriverResults ? results.requests.get(step) : undefined
  return {
    title,
    figure: count,
    write: (results) => String(count(results) ?? ''),
    ...(most === undefined ? {} : { most }),
  }
}

/** What is compared on a server, with its goals. */
export function driverRows({ kind, delayMs }: Scenario): readonly Row[] {
  const times = [
    time('first backup, s', 'first small', { ofBest: 0.33 }),
    time('nothing changed, s', 'unchanged', { ofBest: delayMs === 0 ? 0.16 : 0.24 }),
    time('restore to a RAM disk, s', 'restore', { ofBest: 0.45 }),
  ]
  if (kind !== 's3') return times
  const most = { value: () => UNCHANGED_REQUESTS_MAX, text: `<= ${UNCHANGED_REQUESTS_MAX}` }
  return [
    ...times,
    requests('first backup, requests', 'first small'),
    requests('nothing changed, requests', 'unchanged', most),
    requests('restore, requests', 'restore'),
  ]
}
