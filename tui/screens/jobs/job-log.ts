import type { Handle, LogData, LogPlace, Shown } from '../../../src/service/application/shown.ts'
import type { Motion } from '../../keymap/motion.ts'
import { LIST_START, type ListPlace, moveInList, placeAt } from '../../state/list.ts'
import { bodyRows, type Shared } from '../../state/shared.ts'

/** Lines that are kept: a job may say a line a file. */
const LINES_MAX = 10_000
/** What is read, and how far the job is. */
const HEAD_ROWS = 2

/** The log of a job as far as it has been read. */
export interface JobLog {
  readonly job: Handle
  /** The last ones. */
  readonly lines: readonly Shown[]
  /** All lines that were read, also those that are no longer kept. */
  readonly count: number
  /** Up to where it was read. */
  readonly readTo: LogPlace | undefined
  readonly place: ListPlace
  /** The end stays in sight. */
  readonly isFollowing: boolean
  /** Asked for more lines, and not answered yet. */
  readonly isAsked: boolean
  /** The job had ended when the last lines were asked for. */
  readonly isLastAsk: boolean
  /** No more lines will come. */
  readonly isWhole: boolean
}

export function emptyLog(job: Handle): JobLog {
  return {
    job,
    lines: [],
    count: 0,
    readTo: undefined,
    place: LIST_START,
    isFollowing: true,
    isAsked: false,
    isLastAsk: false,
    isWhole: false,
  }
}

/** Returns how many lines are seen at once. */
export function logRows(shared: Shared): number {
  return bodyRows(shared) - HEAD_ROWS
}

/** Returns the log with lines that were asked for. */
export function addLines(log: JobLog, { lines: added, place: readTo, isEnd }: LogData, height: number): JobLog {
  const lines = [...log.lines, ...added].slice(-LINES_MAX)
  const dropped = log.lines.length + added.length - lines.length
  const extent = { count: lines.length, height }
  const selected = log.isFollowing ? lines.length - 1 : log.place.selected - dropped
  return {
    ...log,
    lines,
    count: log.count + added.length,
    readTo,
    place: placeAt(log.place, selected, extent),
    isAsked: false,
    isWhole: log.isLastAsk && isEnd,
  }
}

/** Returns the log after a motion: whoever goes up wants to read, whoever goes to the end wants to follow. */
export function moveInLog(log: JobLog, motion: Motion, height: number): JobLog {
  const place = moveInList(log.place, motion, { count: log.lines.length, height })
  return { ...log, place, isFollowing: motion === 'last' || (log.isFollowing && place.selected >= log.place.selected) }
}
