import { toHex, utf8 } from '../../base/bytes.ts'
import { type Clock } from '../../base/clock.ts'
import { type ChainId, hexId, RANDOM_ID_BYTES, type RunId } from '../../base/ids.ts'
import type { Randomness } from '../../base/random.ts'
import { deriveKey, keyedBlake3 } from '../../crypto/blake3.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { RunObject, type Scheduler, systemScheduler } from '../../repository/run-object.ts'
import type { Source } from '../source.ts'
import type { Base, Bases, StoreLists } from './bases.ts'
import { areListsKept, listForRun, type RunListing, storeLists } from './store-lists.ts'

/** Name of the attribute of a point's first part that tells which sources it was made of. */
export const SOURCES_ATTRIBUTE = 'sources'

/** A run that has said so in the store, and knows what it goes on from. */
export interface OpenedRun {
  readonly repository: Repository
  readonly run: RunId
  /** `undefined` for a dry run. */
  readonly object: RunObject | undefined
  readonly chain: ChainId
  readonly sequence: number
  readonly parent: PointInfo | undefined
  /** What this machine keeps of the parent. */
  readonly base: Base | undefined
  readonly lists: StoreLists
  /** The same with sizes, and the points. */
  readonly listed: RunListing
  /** Whether all that the base refers to is there by the store's lists alone. */
  readonly isBaseKept: boolean
  readonly sourcesAttribute: string
}

export interface OpenRunOptions {
  readonly repository: Repository
  readonly source: Source
  readonly bases: Bases | undefined
  readonly dryRun: boolean
  readonly clock: Clock
  readonly randomness: Randomness
  readonly scheduler?: Scheduler | undefined
  readonly warning: (message: string) => void
  /** Called each time the run has said again that it is there. */
  readonly onRenewed?: () => void
}

/** Announces a run, then lists the store and finds the chain's last point: in this order, see docs/format.md, "Commit". */
export async function openRun(options: OpenRunOptions): Promise<OpenedRun> {
  const {
    repository,
    source,
    bases,
    dryRun,
    clock,
    randomness,
    scheduler = systemScheduler,
    warning,
    onRenewed,
  } = options
  repository.requireFeatures('write')
  const run = hexId<RunId>(randomness.bytes(RANDOM_ID_BYTES))
  const { records, instance } = repository
  const onProblem = (problem: Error): void => warning(problem.message)
  const starting = {
    records,
    run,
    instance,
    clock,
    scheduler,
    onProblem,
    ...(onRenewed === undefined ? {} : { onRenewed }),
  }
  const object = dryRun ? undefined : await RunObject.start(starting)
  try {
    const listed = await listForRun(repository.driver)
    const lists = storeLists(listed)
    const points = await repository.chain({ reload: true, listed })
    for (const alarm of points.alarms)
      warning(alarm.hint === undefined ? alarm.message : `${alarm.message} (${alarm.hint})`)
    const sourcesAttribute = sourcesOf(repository, source)
    const chain =
      chainOf(points.points, { repository, bases, sourcesAttribute }) ??
      hexId<ChainId>(randomness.bytes(RANDOM_ID_BYTES))
    const parent = points.latest(chain)
    const base = parent === undefined ? undefined : bases?.bases.find((other) => isOf(other, parent))
    return {
      repository,
      run,
      object,
      chain,
      sequence: points.lastSequence(chain) + 1,
      parent,
      base: bases?.chain === chain ? base : undefined,
      lists,
      listed,
      isBaseKept: base !== undefined && areListsKept(base.lists, lists),
      sourcesAttribute,
    }
  } catch (error) {
    await object?.end()
    throw error
  }
}

/** What this instance calls these sources: equal for equal ones, and telling nothing to who lacks the realm's keys. */
function sourcesOf(repository: Repository, source: Source): string {
  const identity = utf8(JSON.stringify([source.kind, ...[...source.identity].sort()]))
  return toHex(keyedBlake3(deriveKey('tidemark v1 sources', repository.realm.idKey('detail')), identity)).slice(0, 32)
}

function chainOf(
  points: readonly PointInfo[],
  of: { repository: Repository; bases: Bases | undefined; sourcesAttribute: string },
): ChainId | undefined {
  const own = points.filter(({ record }) => record.instance === of.repository.instance.id)
  if (of.bases !== undefined && own.some(({ record }) => record.chain === of.bases?.chain)) return of.bases.chain
  const made = own.filter(({ record }) => record.parts[0]?.attributes.get(SOURCES_ATTRIBUTE) === of.sourcesAttribute)
  const [last] = made.sort((a, b) => b.record.finished.seconds - a.record.finished.seconds)
  return last?.record.chain
}

function isOf(base: Base, { record, innerHash }: PointInfo): boolean {
  return base.point === record.point && base.hash === toHex(innerHash)
}
