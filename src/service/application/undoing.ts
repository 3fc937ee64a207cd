import { setImmediate } from 'node:timers/promises'

import type { ByteString } from '../../base/byte-string.ts'
import type { TidemarkError } from '../../base/errors.ts'
import type { BlobId } from '../../base/ids.ts'
import { splitIds } from '../../engine/point-view-layout.ts'
import type { RestoreItem } from '../../engine/restore-types.ts'
import { lastUndoPoint, openUndo, planUndo, type Undo } from '../../engine/undo/undo.ts'
import { pointOf } from './browsing.ts'
import type { KnownRepository, OpenedRepository } from './known-repository.ts'
import { RestoreShower } from './previewing.ts'
import { milliseconds } from './show-entry.ts'
import type { PreviewItem, UndoData } from './shown.ts'
import { shownBytes } from './shown-text.ts'

/** So many items are made ready before others have their turn. */
const SLICE = 256

/** Tells which restore the undo of `point` takes back, or of the last one of this machine. @throws {UsageError} UNKNOWN_POINT */
export async function undoData(known: KnownRepository, point: string | undefined): Promise<UndoData> {
  return known.use(async (opened) => {
    const { options, restored, point: info } = await undoOf(opened, point)
    const { record } = info
    return {
      id: record.point,
      restored,
      target: shownBytes(options.path),
      atMs: milliseconds(record.finished),
    }
  })
}

/** Yields what an undo would do: the very plan that `tidemark undo` carries out, parents before what they hold. */
export async function* previewUndo(
  known: KnownRepository,
  point: string,
  signal: AbortSignal,
): AsyncGenerator<PreviewItem> {
  yield* known.stream((opened) => previewIn(opened, point, signal))
}

async function* previewIn(opened: OpenedRepository, point: string, signal: AbortSignal): AsyncGenerator<PreviewItem> {
  const undo = await undoOf(opened, point)
  // What goes and what comes back are two lists; whoever reads them wants one tree.
  const items: RestoreItem[] = []
  const failed: PreviewItem[] = []
  const shower = new RestoreShower(undo.options, undo.options.path)
  const onFailure = (path: ByteString, error: TidemarkError): void => void failed.push(shower.showFailure(path, error))
  for await (const item of planUndo(opened.repository, undo, { signal, onFailure })) items.push(item)
  items.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  for (const [index, item] of items.entries()) {
    yield await shower.show(item)
    if (index % SLICE === 0) await setImmediate(undefined, { signal })
  }
  yield* failed
}

/** A slash comes before all that names are made of, so that what a folder holds follows it. */
function orderOf({ path }: RestoreItem): string {
  return path.replaceAll('/', '\0')
}

async function undoOf(opened: OpenedRepository, id: string | undefined): Promise<Undo> {
  const { repository, trees } = opened
  // A restore of a moment ago is not among the points that were loaded.
  if (id === undefined) await repository.chain({ reload: true })
  const point = id === undefined ? await lastUndoPoint(repository) : await pointOf(opened, id)
  // Nor is what is new in it in the index, which is loaded anew when it lacks what is read this way.
  const blobs = await trees.blobs(point.realm)
  const { detail, parts } = point.record
  await blobs.readAll([detail as BlobId], 'detail')
  for (const part of parts) await blobs.readAll(splitIds(part.trees), 'tree')
  return openUndo(repository, point)
}
