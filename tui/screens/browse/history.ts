import { printable } from '../../../src/base/printable.ts'
import type { Handle, VersionData } from '../../../src/service/application/shown.ts'
import { type Call, call } from '../../state/call.ts'
import { LIST_START, type ListPlace } from '../../state/list.ts'
import { type Loaded, LOADING, ready, valueOr } from '../../state/loaded.ts'
import { type DiffLine, diffLines } from './line-diff.ts'
import { PREVIEW_BYTES_MAX, textOfBytes } from './preview.ts'

/** The versions of one file, newest first, and perhaps two of them against each other. */
export interface History {
  readonly path: Handle
  readonly shownPath: string
  readonly versions: Loaded<readonly VersionData[]>
  readonly place: ListPlace
  /** The first point of the version that another one shall be compared with; `undefined`: each with the one before it. */
  readonly marked: string | undefined
  readonly comparison: Comparison | undefined
}

export interface Comparison {
  readonly before: Uint8Array | undefined
  readonly after: Uint8Array | undefined
  readonly lines: readonly DiffLine[] | undefined
  readonly top: number
}

export function historyOf(path: Handle, shownPath: string): History {
  return { path, shownPath, versions: LOADING, place: LIST_START, marked: undefined, comparison: undefined }
}

/** Returns the versions as they are shown: the newest one first. */
export function withVersions(history: History, versions: readonly VersionData[]): History {
  return { ...history, versions: ready(versions.toReversed()) }
}

export function chosenVersion({ versions, place }: History): VersionData | undefined {
  return valueOr(versions, [])[place.selected]
}

/** Tells whether a version is the one that another one shall be compared with. */
export function isMarked({ marked }: History, { points }: VersionData): boolean {
  return marked !== undefined && points[0]?.id === marked
}

/** Returns the history with the chosen version marked, or no longer. */
export function withMark(history: History): History {
  const chosen = chosenVersion(history)
  if (chosen === undefined) return history
  return { ...history, marked: isMarked(history, chosen) ? undefined : chosen.points[0]?.id }
}

/** Returns the two versions that are compared, the newer one first: the chosen one, and the marked one or the one before it. */
export function comparedVersions(history: History): readonly [VersionData | undefined, VersionData | undefined] {
  const versions = valueOr(history.versions, [])
  const { selected } = history.place
  const marked = versions.findIndex((version) => isMarked(history, version))
  const other = marked < 0 || marked === selected ? selected + 1 : marked
  return [versions[Math.min(selected, other)], versions[Math.max(selected, other)]]
}

/** Returns the calls that read both versions, `undefined` when there are none to compare. */
export function comparisonCalls(repository: string, history: History): readonly Call[] | undefined {
  const [after, before] = comparedVersions(history)
  const afterPoint = after?.points[0]?.id
  const beforePoint = before?.points[0]?.id
  if (afterPoint === undefined || beforePoint === undefined) return undefined
  const range = { offset: 0, length: PREVIEW_BYTES_MAX }
  return [
    call('browse:before', 'content', repository, beforePoint, history.path, range),
    call('browse:after', 'content', repository, afterPoint, history.path, range),
  ]
}

/** Returns the comparison with one of its versions read; with both, what lies between them. */
export function withContent(comparison: Comparison, side: 'before' | 'after', bytes: Uint8Array): Comparison {
  const next = { ...comparison, [side]: bytes }
  if (next.before === undefined || next.after === undefined) return next
  return { ...next, lines: compare(next.before, next.after) }
}

function compare(before: Uint8Array, after: Uint8Array): readonly DiffLine[] {
  const old = textOfBytes(before)
  const now = textOfBytes(after)
  if (old !== undefined && now !== undefined) return diffLines(linesOf(old), linesOf(now))
  let at = 0
  while (at < before.length && before[at] === after[at]) at++
  return [{ sign: ' ', text: `No text. The first byte that differs is number ${at}.` }]
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => printable(line.replaceAll('\t', '  ')))
}
