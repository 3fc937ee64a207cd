import { present } from '../../base/assert.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { RunError, TargetError, TidemarkError } from '../../base/errors.ts'
import type { PointId } from '../../base/ids.ts'
import { CborWriter } from '../../format/cbor-writer.ts'
import { type CreatedEntry, writeCreated } from '../../format/created-codec.ts'
import { backup, type BackupContext } from '../backup.ts'
import type { BackupOptions, Trouble } from '../backup-types.ts'
import type { CareContext } from '../care-types.ts'
import type { RunHandle, Source } from '../source.ts'
import { FILES_PART } from '../sources/directory-source.ts'
import { overwrites, type RestoreEffects } from './restore-effects.ts'

/** The kind of source of points that are made before a restore. */
export const UNDO_SOURCE = 'undo'
/** The tag of such points. */
const UNDO_TAG = 'undo'
/** The part that names what a restore created, and its only file. */
export const CREATED_PART = 'created'
export const CREATED_PATH = '/created' as ByteString
const BATCH_BYTES = 1 << 20

export interface UndoPointRequest {
  /** The point that is about to be restored. */
  readonly restored: PointId
  /** Absolute path of the directory that it is restored into. */
  readonly target: ByteString
  readonly effects: RestoreEffects
}

/**
 * Commits a point of what a restore is about to overwrite or delete, with a list of what it is about to create.
 *
 * @throws {RunError} UNDO_FAILED: it cannot be made, and nothing must be restored; INTERRUPTED.
 * @see docs/decisions/0051-undo-is-a-point.md
 */
export async function commitUndoPoint(
  care: CareContext,
  request: UndoPointRequest,
  signal: AbortSignal,
): Promise<PointId> {
  const options: BackupOptions = {
    full: true,
    tags: [UNDO_TAG],
    description: '',
    dryRun: false,
    strict: false,
    undo: { restored: request.restored },
  }
  const lost: Trouble[] = []
  const trouble = (each: Trouble): void => {
    // What is gone by now needs no keeping.
    if (each.reason !== 'missing' && each.reason !== 'vanished') lost.push(each)
  }
  try {
    const source = undoSource(request, lost)
    const { point } = await backup(contextOf(care), source, options, { trouble }, signal)
    return present(point, 'a run that is no dry run makes a point')
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code === 'INTERRUPTED') throw error
    throw new RunError('UNDO_FAILED', `what the restore would overwrite could not be kept: ${error.message}`, {
      cause: error,
      hint: 'Nothing was restored. With --no-undo it goes on, and what is overwritten is gone.',
    })
  }
}

/** Nothing is kept here of such a point: the next one is of something else. */
function contextOf({ repository, workers, clock, randomness, scheduler, tool }: CareContext): BackupContext {
  return {
    repository: Promise.resolve(repository),
    repositoryId: repository.id,
    cache: undefined,
    workers,
    clock,
    randomness,
    scheduler,
    tool,
    journal: { begin: () => Promise.resolve(() => Promise.resolve()) },
  }
}

function undoSource({ target, effects }: UndoPointRequest, lost: readonly Trouble[]): Source {
  const { replaced, touched, created } = effects
  return {
    kind: UNDO_SOURCE,
    identity: [],
    labels: [target],
    async read(run: RunHandle): Promise<void> {
      if (overwrites(effects)) {
        const rules = { patterns: [], excludeCaches: false, excludeIfPresent: [] }
        const pass = { kind: 'scan', roots: replaced, bare: touched, rules, crossFilesystems: true } as const
        await run.pass(FILES_PART, pass)
      }
      const [first] = lost
      if (first !== undefined) throw unkept(first)
      if (created.length === 0) return
      const open = (): AsyncIterable<Uint8Array> => encoded(created)
      await run.pass(CREATED_PART, { kind: 'stream', path: CREATED_PATH, open })
    },
  }
}

async function* encoded(created: readonly CreatedEntry[]): AsyncGenerator<Uint8Array> {
  const writer = new CborWriter()
  for (const entry of created) {
    writeCreated(writer, entry)
    if (writer.length < BATCH_BYTES) continue
    yield writer.bytes()
    writer.reset()
  }
  yield writer.bytes()
}

function unkept({ path, reason, error }: Trouble): TargetError {
  const why = error?.message ?? `${path}: ${reason}`
  return new TargetError('TARGET_DENIED', why, { context: { path }, ...(error === undefined ? {} : { cause: error }) })
}
