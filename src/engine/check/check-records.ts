import { IntegrityError, KeyError, StorageError, type TidemarkError } from '../../base/errors.ts'
import type { InstanceId, ObjectId } from '../../base/ids.ts'
import { readConfigs, chooseConfig, configMissing } from '../../repository/config-store.ts'
import { readKeyUpdate } from '../../repository/key-updates.ts'
import { loadRecords } from '../../repository/known-records.ts'
import { PointChain } from '../../repository/point-chain.ts'
import type { Repository } from '../../repository/repository.ts'
import { revisionMemoryIn } from '../../repository/revision-memory.ts'
import { isRemovedSlot } from '../../repository/slot-removal.ts'
import { readSlots } from '../../repository/slots.ts'
import { listIds } from '../../repository/stored-object.ts'
import type { CareContext } from '../care-types.ts'
import type { Findings } from './findings.ts'

/** Records that are looked at one by one: nothing refers to them. */
const LOOSE_KINDS = ['runs', 'marks', 'dead', 'lost'] as const

/**
 * Verifies every record but those of the index, config and slots included, whatever was verified before.
 *
 * Returns the points, as they are.
 */
export async function checkRecords(context: CareContext, findings: Findings, signal: AbortSignal): Promise<PointChain> {
  const { repository, cache } = context
  const { id, records, keyRing: ring } = repository
  await checkConfigs(repository, findings)
  await checkSlots(context, findings)
  for (const kind of LOOSE_KINDS) await loadRecords(kind, { records, onProblem: findings.damaged, signal })
  const chain = await PointChain.load({ repository: id, records, ring, cache, forCheck: true, signal })
  for (const alarm of chain.alarms) findings.damaged(alarm)
  await checkSigners(chain, context, { findings, signal })
  return chain
}

/** A process that has been running for long may still know a key of which the record is gone. */
async function checkSigners(
  chain: PointChain,
  { repository: { records } }: CareContext,
  { findings, signal }: { readonly findings: Findings; readonly signal: AbortSignal },
): Promise<void> {
  const signers = new Set(chain.records.map(({ signer }) => signer))
  const missing = [...signers].filter((signer) => !chain.instances.has(signer))
  if (missing.length === 0) return
  // A listing may be late, and a machine may have come since the first one. What is damaged was told then.
  const again = await loadRecords('instances', { records, onProblem: () => undefined, signal })
  const there = new Set(again.map(({ record }) => record.instance))
  for (const instance of missing) if (!there.has(instance)) findings.damaged(instanceMissing(instance))
}

async function checkConfigs({ driver, keyRing, cache }: Repository, findings: Findings): Promise<void> {
  try {
    const configs = await readConfigs(driver, findings.damaged)
    const memory = cache === undefined ? undefined : revisionMemoryIn(cache)
    const chosen = chooseConfig(configs, { ownerPublicKey: keyRing.ownerPublicKey, memory })
    if (chosen === undefined) findings.damaged(configMissing(driver))
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error
    findings.damaged(error)
  }
}

async function checkSlots({ repository, randomness }: CareContext, findings: Findings): Promise<void> {
  const { driver, id, keyRing: ring, config } = repository
  const slots = await readSlots(driver)
  for (const stored of slots) if (stored.slot === undefined) findings.damaged(stored.problem)
  const updates = await checkUpdates(repository, new Set(slots.map((stored) => stored.id)), findings)
  const present = new Set(slots.map((stored) => stored.id))
  for (const { id: slot, update } of config.slots) {
    if (update !== undefined && !updates.has(update)) findings.damaged(keysMissing(update))
    if (present.has(slot)) continue
    if (await isRemovedSlot(slot, { driver, repository: id, ring, randomness, slots })) continue
    findings.damaged(keysMissing(slot))
  }
}

/** Verifies what lies among the slots and is none; returns what was there. */
async function checkUpdates(
  { driver, keyRing }: Repository,
  slots: ReadonlySet<ObjectId>,
  findings: Findings,
): Promise<ReadonlySet<ObjectId>> {
  const updates = new Set((await listIds(driver, 'keys')).filter((id) => !slots.has(id)))
  for (const id of updates) {
    try {
      await readKeyUpdate(driver, id, keyRing.ownerPublicKey)
    } catch (error) {
      // Removed since it was listed.
      if (error instanceof StorageError && error.code === 'NOT_FOUND') continue
      if (!(error instanceof IntegrityError)) throw error
      findings.damaged(error)
    }
  }
  return updates
}

function instanceMissing(instance: InstanceId): TidemarkError {
  return new IntegrityError('RECORD_MISSING', `no record names instance ${instance}, which signed points`, {
    context: { instance },
    hint:
      'The next backup of that machine, or `tidemark check --repair` there, puts it again, and `--heal-from` takes it from a' +
      ' copy of the repository: without it, nobody else can read those points.',
  })
}

function keysMissing(id: ObjectId): TidemarkError {
  return new KeyError('UNKNOWN_SLOT', `keys/${id} is gone, and nobody removed it`, {
    context: { object: `keys/${id}` },
    hint: 'Its password opens nothing any more: make another slot with `tidemark key add`, and remove this one.',
  })
}
