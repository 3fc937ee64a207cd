import type { PartRecord } from '../../format/records.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { PassProgress } from '../backup/pass-progress.ts'
import type { CareContext } from '../care-types.ts'
import type { PointViews } from '../look/point-views.ts'
import { openPointView } from '../point-view.ts'
import type { StoreLists } from '../run/bases.ts'
import type { RunStore } from '../run/run-store.ts'
import { ContentCopier } from './content-copier.ts'
import { CopiedBefore } from './copied-before.ts'
import type { CopyEvents } from './copy-types.ts'
import { Stopping } from './stopping.ts'
import { TreeCopier } from './tree-copier.ts'

/** What is copied, and how far it is. */
export interface PointCopy {
  readonly source: Repository
  readonly point: PointInfo
  readonly views: PointViews
  readonly pointsDone: number
  readonly pointsTotal: number
  readonly events: CopyEvents
  readonly signal: AbortSignal
}

/** A point in the repository that is copied from, and its copy. */
export interface PointTwin {
  readonly original: PointInfo
  readonly copy: PointInfo
}

export function progressOf({ clock }: CareContext, copy: PointCopy, store: RunStore): PassProgress {
  const { point, pointsDone, pointsTotal, events } = copy
  const progress: PassProgress = new PassProgress(
    {
      progress: () => {
        const { filesDone, bytesRead } = progress
        events.copying?.({ point, pointsDone, pointsTotal, filesDone, bytesRead, bytesStored: store.stored.bytes })
      },
    },
    clock,
    () => ({ bytesStored: store.stored.bytes, bytesWaiting: store.bytesWaiting }),
  )
  return progress
}

/** Stores the trees of a point, and all that they name, as far as that is not there; returns its parts in the other repository. */
export async function copyParts(
  { point, views, signal }: PointCopy,
  twin: PointTwin | undefined,
  to: { readonly lists: StoreLists; readonly store: RunStore; readonly progress: PassProgress },
): Promise<PartRecord[]> {
  const { lists, store, progress } = to
  const stopping = new Stopping(signal)
  const parts: PartRecord[] = []
  for (const part of point.record.parts) {
    const view = await views.openPart(point, part)
    const before =
      twin === undefined ? undefined : await partBefore(twin, { point, name: part.name }, { lists, store, views })
    const contents = new ContentCopier(view, store, { progress, stopping })
    const copier = new TreeCopier(view, store, { contents, before, stopping })
    parts.push({ ...part, trees: await copier.directory(view.root, before?.root) })
  }
  return parts
}

/** Opens a part of a point that was copied before, if it had one of that name. */
async function partBefore(
  twin: PointTwin,
  { point, name }: { readonly point: PointInfo; readonly name: string },
  by: { readonly lists: StoreLists; readonly store: RunStore; readonly views: PointViews },
): Promise<CopiedBefore | undefined> {
  const { lists, store, views } = by
  const [old, copied] = [twin.original, twin.copy].map(({ record }) => record.parts.find((part) => part.name === name))
  if (old === undefined || copied === undefined) return undefined
  const original = await views.openPart(twin.original, old)
  const copy = openPointView(await store.blobs(), [copied])
  return new CopiedBefore({ original, copy, index: await store.index(), lists, isItself: twin.original === point })
}
