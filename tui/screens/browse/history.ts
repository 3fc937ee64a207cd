import { printable } from '../../../src/base/printable.ts'
import type { Handle, VersionData } from '../../../src/service/application/shown.ts'
import { type Call, call } from '../../state/call.ts'
import { LIST_START, type ListPlace } from '../../state/list.ts'
import { type Loaded, LOADING, ready } from '../../state/loaded.ts'
import { type DiffLine, diffLines } from './line-diff.ts'
import { PREVIEW_BYTES_MAX, textOfBytes } from './preview.ts'

/** The versions of one file, newest first, and perhaps two of them against each other. */
export interface History {
  readonly path: Handle
  readonly shownPath: string
  readonly versions: Loaded<readonly VersionData[]>
  readonly place: ListPlace
  readonly comparison: Comparison | undefined
}

export interface Comparison {
  readonly before: Uint8Array | undefined
  readonly after: Uint8Array | undefined
  readonly lines: readonly DiffLine[] | undefined
  readonly top: number
}

export function historyOf(path: Handle, shownPath: string): History {
  return { path, shownPath, versions: LOADING, place: LIST_START, comparison: undefined }
}

/** Returns the versions as they are shown: the newest one first. */
export function withVersions(history: History, versions: readonly VersionData[]): History {
  return { ...history, versions: ready(versions.toReversed()) }
}

/** Returns the chosen version and the one before it. */
export function chosenVersions(history: History): readonly [VersionData | undefined, VersionData | undefined] {
  const versions = history.versions.kind === 'ready' ? history.versions.value : []
  return [versions[history.place.selected], versions[history.place.selected + 1]]
}

/** Returns the calls that read both versions, `undefined` when there are none to compare. */
export function comparisonCalls(repository: string, history: History): readonly Call[] | undefined {
  const [after, before] = chosenVersions(history)
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
