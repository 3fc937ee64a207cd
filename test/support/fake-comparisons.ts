import type { DifferenceData, EntryData, PreviewItem, RestoreRequest } from '../../src/service/application/shown.ts'
import type { FakeTree } from './fake-tree.ts'

/** The selection nearest to a path has the last word about it. */
export function modeOf({ path }: EntryData, { selections }: RestoreRequest): string {
  return selections
    .filter((selection) => path === selection.path || path.startsWith(`${selection.path}/`))
    .reduce((nearest, selection) => (selection.path.length > nearest.path.length ? selection : nearest)).overwrite
}

/** Returns what a restore does with a path. */
export function actionOf(before: EntryData | undefined, after: EntryData, overwrite: string): PreviewItem['action'] {
  if (before === undefined) return 'create'
  if (before.kind === after.kind && before.bytes === after.bytes && before.modifiedMs === after.modifiedMs) {
    return 'unchanged'
  }
  return overwrite === 'never' ? 'keep' : 'overwrite'
}

/** Returns what differs between two trees, by content. */
export function differences(before: FakeTree, after: FakeTree): readonly DifferenceData[] {
  const paths = new Set([...before.walk('/'), ...after.walk('/')].map(({ path }) => path))
  return [...paths].sort().flatMap((path): readonly DifferenceData[] => {
    const old = before.at(path)
    const now = after.at(path)
    const what = { shownPath: path, from: undefined, before: old, after: now }
    if (old === undefined) return [{ kind: 'added', ...what }]
    if (now === undefined) return [{ kind: 'removed', ...what }]
    const isSame = Buffer.from(before.contentAt(path) ?? []).equals(after.contentAt(path) ?? new Uint8Array(0))
    return isSame ? [] : [{ kind: 'content', ...what }]
  })
}
