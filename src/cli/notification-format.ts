import { wrap } from '../../tui/text/fit.ts'
import type { NotificationDocument } from '../service/control/documents.ts'
import { shownOf, shownTime } from './control-format.ts'
import { table } from './table.ts'

const INDENT = '    '
const COLUMNS_MIN = 20

/** Returns the lines of a list of notifications: a row of each, and below it what it says, in `columns` columns. */
export function notificationLines(notifications: readonly NotificationDocument[], columns: number): string[] {
  const [headings = '', ...rows] = table(
    [
      { title: 'Id', align: 'right', value: ({ id }) => String(id) },
      { title: 'Last', value: ({ last }) => shownTime(last) },
      { title: 'Times', align: 'right', value: ({ count }) => String(count) },
      { title: 'State', value: ({ state }) => state },
      { title: 'Priority', value: ({ priority }) => priority },
      { title: 'Plan', value: ({ plan }) => shownOf(plan) },
      { title: 'What', value: ({ title }) => shownOf(title) },
    ],
    notifications,
  )
  return [headings, ...notifications.flatMap(({ message }, at) => [rows[at] ?? '', ...messageLines(message, columns)])]
}

/** Returns what a notification says, indented, wrapped to `columns` columns and fit for a terminal. */
function messageLines(message: string, columns: number): string[] {
  const width = Math.max(COLUMNS_MIN, columns - INDENT.length)
  return message.split('\n').flatMap((line) => wrap(shownOf(line), width).map((part) => `${INDENT}${part}`))
}
