import { afterEach, expect, test, vi } from 'vitest'
import { forgetRules } from '../../src/engine/forget/forget.ts'
import { pruneRules } from '../../src/engine/prune/prune-rules.ts'
import { commitRules } from '../../src/engine/run/commit-check.ts'
import { readDoubts } from '../../src/repository/read-doubts.ts'
import { RunObject } from '../../src/repository/run-object.ts'
import { play, type ScriptName, scripts } from './scripts.ts'
import { SimulatedProcess } from './simulated-process.ts'

vi.mock(import('../../src/base/limits.ts'), async (original) =>
  (await import('./small-limits.ts')).smallLimits(await original()),
)
vi.mock(import('../../src/crypto/secret.ts'), async (original) =>
  (await import('./plain-secrets.ts')).plainSecrets(await original()),
)
vi.mock(import('../../src/repository/read-doubts.ts'), async (original) => {
  const real = await original()
  return { ...real, readDoubts: vi.fn(real.readDoubts) }
})

afterEach(() => {
  vi.restoreAllMocks()
})

const voided: readonly ScriptName[] = [
  'a sleeper commits long after the sweep',
  'a sleeper whose clock was set back commits after the sweep',
]
const refused: readonly ScriptName[] = [
  'a listing of points is short',
  'a tree cannot be read for a while',
  'the canonical copy is deleted by hand',
]

/** Plays a script, and expects it to end as it should. */
async function expectWell(name: ScriptName): Promise<void> {
  const played = await play(name)
  expect(played.voided, `${name}: points that were taken back`).toBe(voided.includes(name) ? 1 : 0)
  if (!refused.includes(name)) expect(played.failed, `${name}: programs that gave up`).toBe(0)
}

test.each(Object.keys(scripts) as ScriptName[])('%s: no point is lost', async (name) => {
  await expectWell(name)
})

const off: readonly [string, ScriptName, () => void][] = [
  ['prune waits for runs', 'a backup takes three graces', () => vi.spyOn(pruneRules, 'isOver').mockReturnValue(true)],
  [
    'a run has ended when its counter stood still for a grace',
    'a backup sleeps for a little more than a grace',
    () => vi.spyOn(pruneRules, 'hasEnded').mockReturnValue(true),
  ],
  [
    'only late runs are known to have seen a mark',
    'a backup takes three graces',
    () => vi.spyOn(pruneRules, 'mayHaveMissed').mockReturnValue(false),
  ],
  [
    'a run says that it is there before it lists',
    'a backup takes three graces',
    () =>
      vi.spyOn(RunObject, 'start').mockResolvedValue({
        end: async () => undefined,
        renew: async () => undefined,
        wasSilent: false,
      } as never),
  ],
  [
    'a run says by the hour that it lives',
    'a backup takes three graces',
    () => vi.spyOn(SimulatedProcess.prototype, 'fireTimers').mockReturnValue(false),
  ],
  [
    'nothing that is marked is relied on',
    'a backup begins when the mark is old',
    () => vi.mocked(readDoubts).mockResolvedValue({ unneeded: new Set(), lost: [] }),
  ],
  [
    'prune looks again after its dead record',
    'a sleeper commits during the sweep, and dies',
    () => vi.spyOn(pruneRules, 'lookAgain').mockImplementation(async (before) => before),
  ],
  [
    'a writer that was silent looks around',
    'a sleeper commits long after the sweep',
    () => vi.spyOn(commitRules, 'wasSilent').mockReturnValue(false),
  ],
  [
    'all that a point needs must be there',
    'a sleeper commits long after the sweep',
    () => vi.spyOn(commitRules, 'isWhole').mockResolvedValue(true),
  ],
  [
    'a point that is not whole is taken back',
    'a sleeper commits long after the sweep',
    () => vi.spyOn(commitRules, 'takeBack').mockResolvedValue(),
  ],
  [
    'dead records are listed after the commit',
    'a sleeper whose clock was set back commits after the sweep',
    () => vi.spyOn(commitRules, 'newlyDead').mockResolvedValue([]),
  ],
  [
    'a writer that was silent says first that it lives',
    'a sleeper wakes, looks, and sleeps again',
    () => vi.spyOn(commitRules, 'sayAgain').mockResolvedValue(),
  ],
  [
    'a lost copy stands in for no other',
    'the canonical copy rots',
    () => vi.spyOn(pruneRules, 'canStandIn').mockReturnValue(true),
  ],
  [
    'prune stops at what it cannot read',
    'a tree cannot be read for a while',
    () => vi.spyOn(pruneRules, 'whatStops').mockReturnValue(undefined),
  ],
  [
    'between mark and sweep lies a grace',
    'a backup begins when the mark is old',
    () => vi.spyOn(pruneRules, 'isGraceOver').mockReturnValue(true),
  ],
  [
    'runs are looked at again half a grace after the mark',
    'a backup begins when the mark is old',
    () => vi.spyOn(pruneRules, 'wasLookedLater').mockReturnValue(true),
  ],
  [
    'dead records stay for a grace',
    'a sleeper whose clock was set back commits after the sweep',
    () => vi.spyOn(pruneRules, 'mayRecordsGo').mockReturnValue(true),
  ],
  [
    'a copy must be present',
    'the canonical copy is deleted by hand',
    () => vi.spyOn(pruneRules, 'isPresent').mockReturnValue(true),
  ],
  [
    'a tombstone comes before a removal',
    'a parent is forgotten',
    () => vi.spyOn(forgetRules, 'putTombstone').mockResolvedValue(),
  ],
  [
    'a short listing is not believed',
    'a listing of points is short',
    () => vi.spyOn(pruneRules, 'listingProblem').mockReturnValue(undefined),
  ],
]

test.each(off)('without the rule that %s, it is found out when %s', async (_, name, switchOff) => {
  switchOff()
  await expect(expectWell(name)).rejects.toThrow(name)
})
