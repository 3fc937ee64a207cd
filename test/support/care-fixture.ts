import { bytesOf } from '../../src/base/byte-string.ts'
import { systemRandomness } from '../../src/base/random.ts'
import type { CareContext } from '../../src/engine/care-types.ts'
import { check } from '../../src/engine/check/check.ts'
import type { CheckEvents, CheckOptions, CheckReport, Finding } from '../../src/engine/check/check-types.ts'
import { repair } from '../../src/engine/repair/repair.ts'
import type { RepairOptions, RepairReport } from '../../src/engine/repair/repair-types.ts'
import { systemScheduler } from '../../src/repository/run-object.ts'
import { type EngineFixture, sharedPool } from './engine-fixture.ts'
import { aheadClock } from './test-machine.ts'

/** What a check told. */
export interface Told {
  readonly findings: Finding[]
  /** `<sequence of the point>:<path>`, in the order in which they were told. */
  readonly affected: string[]
  readonly warnings: string[]
}

/** What looking after any repository stands on. */
export function careBasis(): Omit<CareContext, 'repository' | 'cache'> {
  return {
    workers: sharedPool(),
    clock: aheadClock,
    randomness: systemRandomness,
    scheduler: systemScheduler,
    tool: 'test',
  }
}

/** Returns what looking after the fixture's repository stands on. */
export function careContext(fixture: EngineFixture, more: Partial<CareContext> = {}): CareContext {
  const { repository, cache, clock } = fixture
  return { ...careBasis(), repository, cache, clock, ...more }
}

/** Returns events that are kept, and what they keep. */
export function listening(): { readonly told: Told; readonly events: CheckEvents } {
  const told: Told = { findings: [], affected: [], warnings: [] }
  const events: CheckEvents = {
    finding: (finding) => told.findings.push(finding),
    affected: ({ point, path }) => told.affected.push(`${point.record.sequence}:${bytesOf(path).toString('utf8')}`),
    warning: ({ message }) => told.warnings.push(message),
  }
  return { told, events }
}

/** Checks the fixture's repository. */
export async function runCheck(
  fixture: EngineFixture,
  options: Partial<CheckOptions> & { readonly signal?: AbortSignal; readonly context?: Partial<CareContext> } = {},
): Promise<Told & { readonly report: CheckReport }> {
  const { signal = new AbortController().signal, context, ...rest } = options
  const { told, events } = listening()
  const all = { readDataPercent: 0, dryRun: false, ...rest }
  const report = await check(careContext(fixture, context), all, events, signal)
  return { ...told, report }
}

/** Repairs the fixture's repository; `left` and `leftFindings` are what is not whole even then, as `affected` and `findings`. */
export async function runRepair(
  fixture: EngineFixture,
  options: Partial<RepairOptions> = {},
): Promise<Told & { readonly report: RepairReport; readonly left: string[]; readonly leftFindings: Told['findings'] }> {
  const { told, events } = listening()
  const after = listening()
  const all = { readDataPercent: 0, dryRun: false, sources: [], ...options }
  const left = after.events.affected?.bind(after.events) ?? ((): void => undefined)
  const leftFinding = after.events.finding?.bind(after.events) ?? ((): void => undefined)
  const own = { ...events, left, leftFinding }
  const report = await repair(careContext(fixture), all, own, new AbortController().signal)
  return { ...told, report, left: after.told.affected, leftFindings: after.told.findings }
}
