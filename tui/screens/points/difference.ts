import type { DifferenceData, EntryData } from '../../../src/service/application/shown.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { isMotion, type Motion, MOTION_KEYS } from '../../keymap/motion.ts'
import { type Answer, call, type Failure } from '../../state/call.ts'
import { LIST_START, type ListPlace, moveInList } from '../../state/list.ts'
import { afterFailure, type Loaded, LOADING, ready, valueOr } from '../../state/loaded.ts'
import { bodyRows, type Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { shownTime } from '../../text/when.ts'
import {
  answerInComparison,
  type Comparison,
  endComparison,
  failureInComparison,
  type FileVersion,
  moveInComparison,
  startComparison,
} from '../comparison/comparison.ts'
import { differenceRowCount } from './layout.ts'

/** What lies between two points, and where one is in it. */
export interface ShownDifference {
  readonly before: string
  readonly after: string
  readonly items: Loaded<readonly DifferenceData[]>
  readonly place: ListPlace
  /** The chosen file as both points have it. */
  readonly comparison: Comparison | undefined
}

/** What becomes of it; `undefined`: it was left. */
export type DifferenceStep = Step<ShownDifference | undefined>

export type DifferenceCommand = Motion | 'diff' | 'close'

const CLOSE = { command: 'close', keys: ['esc'], label: 'close', help: 'close what is open here' } as const
const COMPARE = {
  command: 'diff',
  keys: ['enter', 'd'],
  label: 'diff',
  help: 'compare both versions of the chosen file, line by line',
} as const

export function differenceKeys({ comparison }: ShownDifference): Keymap<DifferenceCommand> {
  return comparison === undefined ? [COMPARE, CLOSE, ...MOTION_KEYS] : [CLOSE, ...MOTION_KEYS]
}

/** Returns a difference of two points that is asked for. */
export function startDifference(repository: string, before: string, after: string): DifferenceStep {
  return {
    state: { before, after, items: LOADING, place: LIST_START, comparison: undefined },
    effects: [call('points:diff', 'diff', repository, before, after)],
  }
}

/** Returns what a command makes of it. */
export function commandInDifference(difference: ShownDifference, command: string, shared: Shared): DifferenceStep {
  if (isMotion(command)) return { state: move(difference, command, shared) }
  switch (command) {
    case 'diff':
      return compareFiles(difference, shared)
    case 'close':
      if (difference.comparison === undefined) return { state: undefined }
      return { state: { ...difference, comparison: undefined }, effects: endComparison('points') }
    default:
      return { state: difference }
  }
}

function move(difference: ShownDifference, motion: Motion, shared: Shared): ShownDifference {
  const { comparison, items, place } = difference
  if (comparison !== undefined) {
    const room = { columns: shared.size.columns, height: bodyRows(shared) }
    return { ...difference, comparison: moveInComparison(comparison, motion, room) }
  }
  const extent = { count: valueOr(items, []).length, height: differenceRowCount(shared) }
  return { ...difference, place: moveInList(place, motion, extent) }
}

function compareFiles(difference: ShownDifference, shared: Shared): DifferenceStep {
  const chosen = valueOr(difference.items, [])[difference.place.selected]
  const { repository } = shared
  if (chosen === undefined || repository === undefined) return { state: difference }
  const { kind, before, after } = chosen
  if (before === undefined || after === undefined) return { state: difference, say: 'Only one of the points has it.' }
  if (before.kind !== 'file' || after.kind !== 'file')
    return { state: difference, say: 'Only files are compared line by line.' }
  if (kind === 'metadata') return { state: difference, say: 'Its content is the same in both points.' }
  const { comparison, effects } = startComparison('points', repository, {
    before: versionOf(before, difference.before, shared),
    after: versionOf(after, difference.after, shared),
  })
  return { state: { ...difference, comparison }, effects }
}

function versionOf({ path, bytes }: EntryData, point: string, shared: Shared): FileVersion {
  return { point, pointName: pointName(point, shared), path, bytes }
}

/** Returns when a point was made; of one that is not listed, the beginning of its id. */
export function pointName(id: string, { points }: Shared): string {
  const point = valueOr(points, []).find((candidate) => candidate.id === id)
  return point === undefined ? id.slice(0, 8) : shownTime(point.startedMs)
}

export function answerInDifference(difference: ShownDifference, answer: Answer): ShownDifference {
  if (answer.method === 'diff') {
    return difference.after === answer.args[2] ? { ...difference, items: ready(answer.value) } : difference
  }
  const { comparison } = difference
  return comparison === undefined ? difference : { ...difference, comparison: answerInComparison(comparison, answer) }
}

export function failureInDifference(difference: ShownDifference, failure: Failure): ShownDifference {
  const { comparison, items } = difference
  if (failure.method === 'diff') return { ...difference, items: afterFailure(items, failure.problem) }
  return comparison === undefined ? difference : { ...difference, comparison: failureInComparison(comparison, failure) }
}
