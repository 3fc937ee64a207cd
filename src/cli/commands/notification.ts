import { UsageError } from '../../base/errors.ts'
import type { NotificationDocument } from '../../service/control/documents.ts'
import { NOTIFICATIONS_PER_PAGE_MAX } from '../../service/notifications/notification-store.ts'
import type { CliContext } from '../context.ts'
import { parseLimit, parseNumber, shownOf } from '../control-format.ts'
import { notificationLines } from '../notification-format.ts'
import { openDesk } from '../open-desk.ts'

/** Where nobody says how wide the terminal is. */
const COLUMNS = 100

export interface NotificationsFlags {
  readonly all?: boolean
  readonly plan?: string
  readonly limit: string
}

/** Lists what holds with what to do about it, the last raised first; with `--all`, what is over, too. */
export async function listNotifications(context: CliContext, flags: NotificationsFlags): Promise<undefined> {
  const { output } = context
  const limit = parseLimit(flags.limit, NOTIFICATIONS_PER_PAGE_MAX)
  const states = flags.all === true ? undefined : (['active', 'acknowledged'] as const)
  await using open = await openDesk(context)
  const { notifications } = await open.desk.notifications({ states, plan: flags.plan, limit })
  if (output.json) output.document(notifications)
  else if (notifications.length === 0) output.message('There is nothing to tell.')
  else for (const line of notificationLines(notifications, columnsOf(output))) output.line(line)
}

/** Shows one notification, with all that it says. */
export async function showNotification(context: CliContext, word: string): Promise<undefined> {
  const { output } = context
  const id = parseNumber(word, 'notification')
  await using open = await openDesk(context)
  const notification = await open.desk.notification(id)
  if (output.json) output.document(notification)
  else for (const line of notificationLines([notification], columnsOf(output))) output.line(line)
}

function columnsOf({ terminal }: CliContext['output']): number {
  return terminal?.columns ?? COLUMNS
}

export interface AcknowledgeFlags {
  readonly all?: boolean
}

/** Says that somebody has seen notifications: those that are named, or all. */
export async function acknowledgeNotifications(
  context: CliContext,
  words: readonly string[],
  { all }: AcknowledgeFlags,
): Promise<undefined> {
  if ((all === true) === words.length > 0) {
    throw new UsageError('BAD_ARGUMENT', 'it is not clear which notifications are meant', {
      hint: 'Name their numbers, or --all.',
    })
  }
  const named = words.map((word) => parseNumber(word, 'notification'))
  await using open = await openDesk(context)
  const active = { states: ['active'] as const, limit: NOTIFICATIONS_PER_PAGE_MAX }
  const ids = all === true ? (await open.desk.notifications(active)).notifications.map(({ id }) => id) : named
  const acknowledged: NotificationDocument[] = []
  for (const id of ids) acknowledged.push(await open.desk.acknowledge(id))
  if (context.output.json) context.output.document(acknowledged)
  else for (const { id, title } of acknowledged) context.output.message(`Seen: ${id}, ${shownOf(title)}`)
}
