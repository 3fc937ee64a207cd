import { IntegrityError, StorageError, TidemarkError } from '../../base/errors.ts'
import { runAll } from '../../base/run-all.ts'
import { ObjectHasher } from '../../crypto/blake3.ts'
import { type Driver, OBJECT_KINDS, type ObjectInfo, objectPath } from '../../storage/driver.ts'
import type { Team, WorkerPool } from '../workers/worker-pool.ts'
import type { HashJob, HashResult } from './check-jobs.ts'
import type { CheckEvents, ObjectsReport } from './check-types.ts'

const PIECE_BYTES = 8 << 20
/** Objects on their way per thread. */
const OBJECTS_PER_THREAD = 2

export interface CheckObjectsOptions {
  readonly driver: Driver
  readonly workers: WorkerPool
  readonly events: CheckEvents
  readonly signal: AbortSignal
}

/**
 * Compares the bytes of every object with its name, which takes no key, and tells what is no object.
 *
 * Memory: a piece of 8 MiB for each object that is under way at once.
 * @throws {StorageError} NO_REPOSITORY: there is not one object; the store does not answer.
 */
export async function checkObjects(options: CheckObjectsOptions): Promise<ObjectsReport> {
  const { driver, workers, events, signal } = options
  await using team = await workers.open('check', () => ({ setup: undefined }))
  const tally = { objects: 0, bytes: 0, damage: 0 }
  const atOnce = Math.max(workers.threads * OBJECTS_PER_THREAD, driver.capabilities.concurrency)
  let total = 0
  let done = 0
  for (const kind of OBJECT_KINDS) {
    const infos: ObjectInfo[] = []
    for await (const info of driver.list(kind, signal)) infos.push(info)
    total += infos.length
    const tasks = infos.map((info) => async () => {
      signal.throwIfAborted()
      const result = await hashObject(info, { driver, team, signal })
      events.progress?.({ step: 'objects', done: ++done, total: 0 })
      if (result.outcome === 'missing') return
      if (result.outcome === 'sound') {
        tally.objects++
        tally.bytes += result.bytes
        return
      }
      tally.damage++
      events.finding?.({ kind: 'damage', problem: problemOf(info, result.outcome) })
    })
    await runAll(tasks, atOnce)
  }
  if (total === 0) throw nothingThere(driver)
  return { ...tally, leftovers: await tellLeftovers(options) }
}

async function hashObject(
  { name, bytes }: ObjectInfo,
  { driver, team, signal }: { driver: Driver; team: Team; signal: AbortSignal },
): Promise<HashResult> {
  const file = driver.localFile(name)
  if (file !== undefined) return (await team.run({ type: 'hash', id: name.id, file } satisfies HashJob)) as HashResult
  const hasher = new ObjectHasher()
  let at = 0
  try {
    for (; at < bytes; at += PIECE_BYTES) {
      const range = { offset: at, length: Math.min(PIECE_BYTES, bytes - at) }
      hasher.update(await driver.get(name, range, signal))
    }
  } catch (error) {
    return { outcome: whyUnread(error), bytes: at }
  }
  return { outcome: hasher.finish() === name.id ? 'sound' : 'differs', bytes }
}

/** Tells whether an object was removed since it was listed, or cannot be read; throws what is about the whole store. */
function whyUnread(error: unknown): 'missing' | 'unreadable' {
  if (!(error instanceof TidemarkError)) throw error
  if (error.code === 'NOT_FOUND') return 'missing'
  if (error.code === 'OUT_OF_RANGE' || error.code === 'STORE_FAILED') return 'unreadable'
  throw error
}

function problemOf({ name, bytes }: ObjectInfo, outcome: 'differs' | 'unreadable'): TidemarkError {
  const object = objectPath(name)
  const context = { object, bytes }
  if (outcome === 'unreadable') {
    return new StorageError('STORE_FAILED', `${object} cannot be read`, {
      context,
      hint: 'The disk below it may be failing: copy what can be read of the repository elsewhere.',
    })
  }
  const hint =
    name.kind === 'packs'
      ? 'Run `tidemark check --read-data` with the password to learn which files of which points are affected.'
      : 'Run `tidemark check` with the password to learn what is lost with it, and what brings it back.'
  return new IntegrityError('ID_MISMATCH', `${object} is damaged: its bytes are not those of its name`, {
    context,
    hint,
  })
}

async function tellLeftovers({ driver, events, signal }: CheckObjectsOptions): Promise<ObjectsReport['leftovers']> {
  let files = 0
  let bytes = 0
  for await (const leftover of driver.leftovers?.(signal) ?? []) {
    files++
    bytes += leftover.bytes
    const message = `${leftover.path} was left behind by a writer that died, unless one is at work`
    const hint = 'The next backup from the same machine removes it, one from another machine once it is a day old.'
    const context = { path: leftover.path, bytes: leftover.bytes }
    events.finding?.({ kind: 'note', problem: new StorageError('STORE_FAILED', message, { context, hint }) })
  }
  return { files, bytes }
}

function nothingThere(driver: Driver): StorageError {
  return new StorageError('NO_REPOSITORY', `there is no repository at ${driver.location}: it holds no object`, {
    context: { location: driver.location },
    hint: 'Check the path, or attach the volume.',
  })
}
