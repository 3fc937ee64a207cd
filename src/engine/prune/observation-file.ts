import { IntegrityError } from '../../base/errors.ts'
import { hexId, idBytes, type InstanceId, type ObjectId, type RealmId, type RunId } from '../../base/ids.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../../format/cbor.ts'
import type { LocalCache } from '../../repository/local-cache.ts'
import type { ObservedRun, ObservedState } from './observations.ts'

const NAME = 'prune'
const VERSION = 1

/** Keeps what a sweeper saw for its next invocation on this machine. */
export function writeObservations(cache: LocalCache, state: ObservedState): void {
  const { lastLookMs, marks, dead, runs, unindexed, settled, unsettled } = state
  cache.write(NAME, [
    encodeCbor([
      VERSION,
      timeOf(lastLookMs),
      Array.from(marks, ([id, { firstMs, lookedLaterMs }]) => [idBytes(id), firstMs, timeOf(lookedLaterMs)]),
      Array.from(dead, ([id, firstMs]) => [idBytes(id), firstMs]),
      Array.from(runs, ([id, run]) => {
        const { instance, lookBeforeMs, counter, counterMs, endedMs } = run
        return [idBytes(id), idBytes(instance), timeOf(lookBeforeMs), counter, counterMs, timeOf(endedMs)]
      }),
      Array.from(unindexed, ([id, { realm, firstMs }]) => [idBytes(id), idBytes(realm), firstMs]),
      Array.from(settled, idBytes),
      Array.from(unsettled, ([id, { firstMs, signer }]) => {
        return [idBytes(id), firstMs, signer === undefined ? null : idBytes(signer)]
      }),
    ]),
  ])
}

/** Returns what was kept, or `undefined` when nothing readable was: then nothing is known to be old. */
export function readObservations(cache: LocalCache): ObservedState | undefined {
  const bytes = cache.read(NAME)
  if (bytes === undefined) return undefined
  try {
    const items = decodeCbor(bytes)
    if (!Array.isArray(items) || items[0] !== VERSION) return undefined
    const [, lastLookMs, marks, dead, runs, unindexed, settled, unsettled] = items as readonly CborValue[]
    return {
      lastLookMs: optional(lastLookMs),
      marks: new Map(
        rows(marks).map(([id, firstMs, later]) => {
          return [idOf<ObjectId>(id), { firstMs: Number(firstMs), lookedLaterMs: optional(later) }]
        }),
      ),
      dead: new Map(rows(dead).map(([id, firstMs]) => [idOf<ObjectId>(id), Number(firstMs)])),
      runs: new Map(rows(runs).map((row) => [idOf<RunId>(row[0]), runOf(row)])),
      unindexed: new Map(
        rows(unindexed).map(([id, realm, firstMs]) => {
          return [idOf<ObjectId>(id), { realm: idOf<RealmId>(realm), firstMs: Number(firstMs) }]
        }),
      ),
      settled: new Set(listOf(settled).map((id) => idOf<ObjectId>(id))),
      unsettled: new Map(
        rows(unsettled).map(([id, firstMs, signer]) => {
          const known = signer instanceof Uint8Array ? idOf<InstanceId>(signer) : undefined
          return [idOf<ObjectId>(id), { firstMs: Number(firstMs), signer: known }]
        }),
      ),
    }
  } catch (error) {
    if (error instanceof IntegrityError) return undefined
    throw error
  }
}

function runOf([, instance, lookBeforeMs, counter, counterMs, endedMs]: readonly CborValue[]): ObservedRun {
  return {
    instance: idOf(instance),
    lookBeforeMs: optional(lookBeforeMs),
    counter: Number(counter),
    counterMs: Number(counterMs),
    endedMs: optional(endedMs),
  }
}

function rows(value: CborValue | undefined): (readonly CborValue[])[] {
  return listOf(value).map(listOf)
}

function listOf(value: CborValue | undefined): readonly CborValue[] {
  return Array.isArray(value) ? (value as readonly CborValue[]) : []
}

function idOf<Id extends string>(value: CborValue | undefined): Id {
  return hexId(value instanceof Uint8Array ? value : new Uint8Array())
}

function timeOf(ms: number | undefined): CborValue {
  return ms ?? null
}

function optional(value: CborValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}
