import { present } from '../../base/assert.ts'
import { type ByteString } from '../../base/byte-string.ts'
import { TidemarkError, UsageError } from '../../base/errors.ts'
import { type PointId, shortId } from '../../base/ids.ts'
import { concatBytes } from '../../base/bytes.ts'
import { type CreatedEntry, decodeCreated } from '../../format/created-codec.ts'
import { compareWithinChain, type PointInfo } from '../../repository/point-info.ts'
import { readPointDetail } from '../../repository/read-point-detail.ts'
import type { Repository } from '../../repository/repository.ts'
import type { CareContext } from '../care-types.ts'
import { type OpenPointView, openPointView } from '../point-view.ts'
import { planRestore, type PlanRestoreInput } from '../restore/plan-restore.ts'
import { restore } from '../restore/restore.ts'
import { TargetTree } from '../restore/target-tree.ts'
import type {
  RestoreAction,
  RestoreCounts,
  RestoreEvents,
  RestoreFailure,
  RestoreItem,
  RestoreOptions,
  RestoreSummary,
} from '../restore-types.ts'
import { FILES_PART } from '../sources/directory-source.ts'
import { removalsOf } from './created-remover.ts'
import { effectsOf, overwrites } from './restore-effects.ts'
import { commitUndoPoint, CREATED_PART, CREATED_PATH } from './undo-point.ts'

/** A point that was made before a restore, opened to be put back. */
export interface Undo {
  readonly point: PointInfo
  /** The point that was restored. */
  readonly restored: PointId
  /** Puts back what the point holds: in place, below the directory that was restored into. */
  readonly options: RestoreOptions
  readonly created: readonly CreatedEntry[]
}

export interface UndoSummary extends RestoreSummary {
  /** The point to undo this from; `undefined` when nothing was there to be done, or none was wanted. */
  readonly undo: PointId | undefined
}

/** Returns the point made before the last restore of this instance. @throws {UsageError} UNKNOWN_POINT: there is none. */
export async function lastUndoPoint(repository: Repository): Promise<PointInfo> {
  const { points } = await repository.chain()
  const own = points.filter(({ record }) => {
    return record.undo !== undefined && record.instance === repository.instance.id
  })
  const last = own.toSorted(compareWithinChain).at(-1)
  if (last !== undefined) return last
  throw new UsageError(
    'UNKNOWN_POINT',
    'there is nothing to undo: no restore of this machine left a point to undo it from',
    {
      hint: 'Those with --no-undo do not, nor those into an empty folder without --undo: delete what they created.',
    },
  )
}

/**
 * Reads what is needed to undo a restore.
 *
 * @throws {UsageError} BAD_ARGUMENT: the point was not made before a restore on this machine.
 * @throws {IntegrityError} it is damaged. @throws {KeyError} KEY_NOT_FULL
 */
export async function openUndo(repository: Repository, point: PointInfo): Promise<Undo> {
  const { undo, instance, parts } = point.record
  if (undo === undefined || instance !== repository.instance.id) {
    throw new UsageError(
      'BAD_ARGUMENT',
      `point ${shortId(point.record.point)} was not made before a restore on this machine`,
      {
        context: { point: point.record.point },
        hint: 'See `tidemark points --tag undo`.',
      },
    )
  }
  const { sources } = await readPointDetail(repository, point)
  const list = parts.find(({ name }) => name === CREATED_PART)
  const created = list === undefined ? [] : await readCreated(await viewOf(repository, point, CREATED_PART))
  return { point, restored: undo.restored, options: optionsFor((sources[0] ?? '/') as ByteString), created }
}

/** Yields what undoing a restore would do, and changes nothing. */
export async function* planUndo(
  repository: Repository,
  undo: Undo,
  { signal, onFailure }: Pick<PlanRestoreInput, 'signal' | 'onFailure'>,
): AsyncGenerator<RestoreItem> {
  using target = TargetTree.open(present(undo.options.path, 'a target'), { create: false })
  const gone = new Set<ByteString>()
  for (const { item } of target.root.exists ? removalsOf(target, undo.created) : []) {
    if (item.action === 'delete') gone.add(item.path)
    yield item
  }
  if (!hasFiles(undo)) return
  const view = await viewOf(repository, undo.point, FILES_PART)
  const restored = { view, repository: repository.inRealm(undo.point.realm), options: undo.options, gone }
  yield* planRestore({ ...restored, signal, ...(onFailure === undefined ? {} : { onFailure }) })
}

/**
 * Takes a restore back: what it created and nobody changed since goes, what it overwrote or deleted comes back.
 *
 * @param keepsUndo whether a point is made first, from which this can be undone in turn.
 * @throws {RunError} UNDO_FAILED, INTERRUPTED; and all that `restore` throws.
 */
export async function undoRestore(
  care: CareContext,
  { undo, keepsUndo }: { readonly undo: Undo; readonly keepsUndo: boolean },
  events: RestoreEvents,
  signal: AbortSignal,
): Promise<UndoSummary> {
  const { workers, clock, randomness } = care
  const repository = care.repository.inRealm(undo.point.realm)
  const made = keepsUndo ? await keepBefore(care, undo, signal) : undefined
  const removed = removeCreated(undo, events)
  if (!hasFiles(undo)) return { ...nothingRestored, ...removed, undo: made }
  const view = await viewOf(repository, undo.point, FILES_PART)
  const { options } = undo
  const summary = await restore({ view, repository, workers, options, events, signal, clock, randomness })
  const actions = { ...summary.actions, delete: sum(summary.actions.delete, removed.actions.delete) }
  actions.keep = sum(summary.actions.keep, removed.actions.keep)
  return { ...summary, actions, failures: [...removed.failures, ...summary.failures], undo: made }
}

async function keepBefore(care: CareContext, undo: Undo, signal: AbortSignal): Promise<PointId | undefined> {
  const effects = await effectsOf(planUndo(care.repository, undo, { signal }))
  // Unlike a restore, this leaves a point where it only creates: who undoes twice wants to be where he was.
  if (!overwrites(effects) && effects.created.length === 0) return undefined
  const { path: target } = undo.options
  return commitUndoPoint(care, { restored: undo.point.record.point, target, effects }, signal)
}

function removeCreated(undo: Undo, events: RestoreEvents): Pick<RestoreSummary, 'actions' | 'failures'> {
  const actions: Record<RestoreAction, RestoreCounts> = { ...nothingRestored.actions }
  const failures: RestoreFailure[] = []
  using target = TargetTree.open(undo.options.path, { create: false })
  if (!target.root.exists) return { actions, failures }
  for (const { item, remove } of removalsOf(target, undo.created)) {
    const { action, path, bytes } = item
    try {
      remove()
      actions[action] = sum(actions[action], { entries: 1, bytes })
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      failures.push({ path, error })
      events.failure?.({ path, error })
    }
  }
  return { actions, failures }
}

function sum(a: RestoreCounts, b: RestoreCounts): RestoreCounts {
  return { entries: a.entries + b.entries, bytes: a.bytes + b.bytes }
}

const none: RestoreCounts = { entries: 0, bytes: 0 }
const nothingRestored: RestoreSummary = {
  actions: { create: none, overwrite: none, unchanged: none, delete: none, keep: none },
  bytesWritten: 0,
  filesVerified: 0,
  failures: [],
  full: none,
  durationMs: 0,
}

function hasFiles({ point }: Undo): boolean {
  return point.record.parts.some(({ name }) => name === FILES_PART)
}

async function viewOf(repository: Repository, { record, realm }: PointInfo, part: string): Promise<OpenPointView> {
  const blobs = await repository.inRealm(realm).blobs()
  return openPointView(
    blobs,
    record.parts.filter(({ name }) => name === part),
  )
}

async function readCreated(view: OpenPointView): Promise<CreatedEntry[]> {
  const file = await view.lookup(CREATED_PATH)
  const chunks: Uint8Array[] = []
  if (file !== undefined) for await (const chunk of view.content(file)) chunks.push(chunk.slice())
  return decodeCreated(concatBytes(...chunks))
}

/** Content of files is compared, because times say nothing here: what was there may be as old and as long as what came. */
function optionsFor(path: ByteString): RestoreOptions {
  return { target: undefined, path, include: [], exclude: [], overwrite: 'always', delete: false, verify: false }
}
