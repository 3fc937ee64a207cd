import { timespecOfMs } from '../../base/clock.ts'
import { formatBytes, formatDuration, formatTime } from '../../base/format.ts'
import type { TidemarkError } from '../../base/errors.ts'
import { formatCount, numberOf } from '../../base/number-of.ts'
import { EXIT_PARTIAL } from '../jobs/command-verdict.ts'
import type { Job } from '../jobs/job.ts'
import { suspicionText } from '../suspicion-text.ts'
import type { BackupOutcome } from './backup-outcome.ts'
import type { Condition, Notification, NotificationId } from './notification.ts'

/** Digits of a point's id that people are shown. */
const SHOWN_DIGITS = 8
/** Fewer entries than this part of what is usual are told. */
const COVERAGE_MIN = 0.95
const COVERAGE = 'coverage '
/** Points that say what is usual. */
export const COVERAGE_POINTS = 5
/** A store is nearly full with less than this part of it free, and less than a certain room. */
const FREE_PART_MIN = 0.05
const FREE_BYTES_ENOUGH = 50 * 2 ** 30

/** Names a step of a plan in the keys of conditions. */
interface StepOf {
  readonly plan: string
  readonly step: string
}

/** The key under which it is told that a step does not succeed. */
export function failureKey({ plan, step }: StepOf): string {
  return `failure ${plan} ${step}`
}

/** The key under which it is told that steps of a plan do not succeed because a store cannot be reached. */
export function unreachableKey(plan: string): string {
  return `unreachable ${plan}`
}

/** A step of a plan failed, and is not tried again before it is due next. */
export function failure(job: Job, { plan, step }: StepOf): Condition {
  const error = job.result?.error
  const message = error?.message ?? 'it did not come to its end'
  const hint = error?.hint ?? `\`tidemark job show ${job.id}\` has its log.`
  return {
    key: failureKey({ plan, step }),
    category: 'failure',
    priority: 'high',
    plan,
    title: `${plan}: ${step} failed`,
    message: `${step} of the plan "${plan}" failed: ${sentence(message)}\n${hint}`,
  }
}

/** The key under which it is told that a plan's points lack what could not be read. */
export function partialKey({ plan, step }: StepOf): string {
  return `partial ${plan} ${step}`
}

/** A point was made that lacks what could not be read. */
export function partial(job: Job, { plan, step }: StepOf, { point, unreadable }: BackupOutcome): Condition {
  return {
    key: partialKey({ plan, step }),
    category: 'failure',
    priority: 'normal',
    plan,
    title: `${plan}: ${numberOf(unreadable, 'entry', 'entries')} could not be read`,
    message:
      `Point ${shown(point)} of the plan "${plan}" was made, but ${numberOf(unreadable, 'entry', 'entries')} could not be ` +
      `read and ${unreadable === 1 ? 'is' : 'are'} not in it.\n\`tidemark job show ${job.id}\` names them.`,
  }
}

/** A point looks as if files had been encrypted or deleted by somebody else; each is told by itself. */
export function tripwire(plan: string, { point, suspect }: BackupOutcome): Condition {
  return {
    key: `tripwire ${plan} ${point}`,
    category: 'tripwire',
    priority: 'high',
    plan,
    title: `${plan}: point ${shown(point)} is suspect`,
    message:
      `Point ${shown(point)} of the plan "${plan}" is unlike those before it: ${suspect.map(suspicionText).join('; ')}.\n` +
      `No older point is forgotten until you have looked: \`tidemark diff\` shows what changed, and ` +
      `\`tidemark points acknowledge ${shown(point)}\` says that it is well.`,
  }
}

/**
 * A point covers less than is usual; each is told by itself. `undefined` for one that does not, or as long as nobody
 * knows what is usual.
 *
 * @param before entries of the points before it, the last few.
 */
export function coverage(
  plan: string,
  { point, entries, missingRoots }: BackupOutcome,
  before: readonly number[],
): Condition | undefined {
  const usual = usualIfLess(entries, before)
  const isLess = usual !== undefined
  if (!isLess && missingRoots === 0) return undefined
  const why = [
    ...(missingRoots === 0
      ? []
      : [`${numberOf(missingRoots, 'source')} of it ${missingRoots === 1 ? 'is' : 'are'} not there`]),
    ...(isLess
      ? [`it holds ${numberOf(entries, 'entry', 'entries')} where there usually are ${formatCount(usual)}`]
      : []),
  ]
  return {
    key: `${COVERAGE}${plan} ${point}`,
    category: 'coverage',
    priority: 'normal',
    plan,
    title: `${plan}: point ${shown(point)} holds less than usual`,
    message:
      `Point ${shown(point)} of the plan "${plan}" holds less than those before it: ${why.join('; ')}.\n` +
      'When that is as it should be, acknowledge this notification; otherwise look whether a disk is not mounted.',
  }
}

export function noSuccessKey(plan: string): string {
  return `no-success ${plan}`
}

/** No point was made for longer than promised. */
export function noSuccess(
  plan: string,
  { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
): Condition {
  const since = formatTime(timespecOfMs(sinceMs))
  return {
    key: noSuccessKey(plan),
    category: 'no-success',
    priority: 'high',
    plan,
    title: `${plan}: no point for ${formatDuration(nowMs - sinceMs)}`,
    message:
      `The plan "${plan}" has made no point since ${since}, which is longer than it promises.\n` +
      '`tidemark job list` shows what was tried.',
  }
}

export function storeFullKey(repository: string): string {
  return `store-full ${repository}`
}

/** A store has little room left; `undefined` for one that has enough. */
export function storeFull(
  plan: string,
  repository: string,
  { freeBytes, totalBytes }: { readonly freeBytes: number; readonly totalBytes: number },
): Condition | undefined {
  if (freeBytes >= totalBytes * FREE_PART_MIN || freeBytes >= FREE_BYTES_ENOUGH) return undefined
  return {
    key: storeFullKey(repository),
    category: 'store-full',
    priority: 'normal',
    plan,
    title: `${repository} is nearly full: ${formatBytes(freeBytes)} free`,
    message:
      `The store of the repository "${repository}" has ${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} left.\n` +
      'Forget points with `tidemark forget` and free their room with `tidemark prune`, or give it a larger disk.',
  }
}

export function promiseKey(plan: string): string {
  return `promise ${plan}`
}

/** A restore would take longer than promised. */
export function promiseMissed(
  plan: string,
  { wouldTakeMs, promisedMs }: { readonly wouldTakeMs: number; readonly promisedMs: number },
): Condition {
  return {
    key: promiseKey(plan),
    category: 'promise',
    priority: 'high',
    plan,
    title: `${plan}: a restore would take ${formatDuration(wouldTakeMs)}`,
    message:
      `By the rate of the sample that was restored last, all of the plan "${plan}" would be back in ` +
      `${formatDuration(wouldTakeMs)}; it promises ${formatDuration(promisedMs)}.`,
  }
}

/** All went well; told only where a plan wants that. */
export function success(job: Job, { plan, step }: StepOf): Condition {
  const done = job.result?.exitCode === EXIT_PARTIAL ? 'done in part' : 'done'
  return {
    key: `success ${job.id} ${job.finishedMs ?? 0}`,
    category: 'success',
    priority: 'low',
    plan,
    title: `${plan}: ${step} ${done}`,
    message: `${step} of the plan "${plan}" is ${done}.`,
  }
}

export const LOCKED = 'locked '

/** The key under which it is told that jobs wait for a repository to be unlocked. */
export function lockedKey(repository: string): string {
  return `${LOCKED}${repository}`
}

/** Jobs wait for a repository to be unlocked. */
export function locked(repository: string): Condition {
  return {
    key: lockedKey(repository),
    category: 'daemon',
    priority: 'normal',
    plan: undefined,
    title: `${repository} is locked: its jobs wait`,
    message:
      `Jobs of the repository "${repository}" wait for its password.\n` +
      `\`tidemark unlock ${repository}\` lets them run; a password file or command in the configuration makes that unnecessary.`,
  }
}

export const MISTAKE_KEY = 'configuration'

/** The configuration says something that cannot be. */
export function mistake(error: TidemarkError, isOtherInForce: boolean): Condition {
  return {
    key: MISTAKE_KEY,
    category: 'daemon',
    priority: 'high',
    plan: undefined,
    title: `The configuration is wrong: ${isOtherInForce ? 'an earlier one' : 'no plan'} is in force`,
    message: textOf(error),
  }
}

export function unwatchedKey(path: string): string {
  return `unwatched ${path}`
}

/** Not all that changes at a path is seen. */
export function unwatched(path: string, why: string): Condition {
  return {
    key: unwatchedKey(path),
    category: 'daemon',
    priority: 'normal',
    plan: undefined,
    title: `Not all changes in ${path} are seen`,
    message:
      `A plan waits for changes in ${path}, but not all of it can be watched (${why}).\n` +
      'Give the plan a trigger by time as well, or raise the limit of the system (fs.inotify.max_user_watches).',
  }
}

export function channelKey(channel: string): string {
  return `channel ${channel}`
}

/** A channel does not work. */
export function channelBroken(channel: string, error: TidemarkError): Condition {
  return {
    key: channelKey(channel),
    category: 'daemon',
    priority: 'normal',
    plan: undefined,
    title: `Notifications do not arrive through "${channel}"`,
    message: textOf(error),
  }
}

const RECOVERY = 'recovery '

/** The key under which it is told that what a notification said is over. */
function recoveryKey(notification: NotificationId): string {
  return `${RECOVERY}${notification}`
}

/** Returns an expression for the key `recoveryKey(id)` of the expression `id`. */
export function recoveryKeySql(id: string): string {
  return `'${RECOVERY}' || ${id}`
}

/** A condition that was told is over. */
export function recovery({ id, plan, title, message, raisedMs }: Notification): Condition {
  return {
    key: recoveryKey(id),
    category: 'recovery',
    priority: 'low',
    plan,
    title: `Over: ${title}`,
    message: `What was said at ${formatTime(timespecOfMs(raisedMs))} no longer holds:\n\n${message}`,
  }
}

/** Returns how many entries there usually are where a point holds clearly fewer; `before`: of up to COVERAGE_POINTS points. */
export function usualIfLess(entries: number, before: readonly number[]): number | undefined {
  const usual = median(before)
  return usual !== undefined && entries < usual * COVERAGE_MIN ? usual : undefined
}

/** Returns the point that a notification is about by its key, when it says that the point holds less than usual. */
export function pointHoldingLess(key: string): string | undefined {
  return key.startsWith(COVERAGE) ? key.slice(key.lastIndexOf(' ') + 1) : undefined
}

/** Returns what happened, and below it what to do next. */
function textOf({ message, hint }: TidemarkError): string {
  return hint === undefined ? sentence(message) : `${sentence(message)}\n${hint}`
}

/** Ends a sentence, unless what it quotes has ended it. */
function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`
}

function shown(point: string): string {
  return point.slice(0, SHOWN_DIGITS)
}

/** The middle one of some numbers, or the lower of two in the middle. */
function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1]
}
