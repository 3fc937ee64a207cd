import type { Handle, VersionData } from '../../../src/service/application/shown.ts'
import { LIST_START, type ListPlace } from '../../state/list.ts'
import { type Loaded, LOADING, ready, valueOr } from '../../state/loaded.ts'
import { shownTime } from '../../text/when.ts'
import type { ComparedFiles, Comparison, FileVersion } from '../comparison/comparison.ts'

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
function comparedVersions(history: History): readonly [VersionData | undefined, VersionData | undefined] {
  const versions = valueOr(history.versions, [])
  const { selected } = history.place
  const marked = versions.findIndex((version) => isMarked(history, version))
  const other = marked < 0 || marked === selected ? selected + 1 : marked
  return [versions[Math.min(selected, other)], versions[Math.max(selected, other)]]
}

/** Returns these two as files of the first points that have them, `undefined` where there are no two. */
export function comparedFiles(history: History): ComparedFiles | undefined {
  const [after, before] = comparedVersions(history).map((version) => fileOf(history, version))
  return before === undefined || after === undefined ? undefined : { before, after }
}

function fileOf({ path }: History, version: VersionData | undefined): FileVersion | undefined {
  const [point] = version?.points ?? []
  if (version === undefined || point === undefined) return undefined
  return { point: point.id, pointName: shownTime(point.startedMs), path, bytes: version.entry.bytes }
}
