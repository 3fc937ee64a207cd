import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { openLocalDriver } from '../../drivers/local/local-driver.ts'
import { StorageError, TidemarkError } from '../../src/base/errors.ts'
import { rootTest } from '../support/root-test.ts'
import { temporaryVolume } from '../support/temporary-folder.ts'
import { Dice } from './dice.ts'
import { LoneMachine } from './lone-machine.ts'

vi.mock(import('../../src/base/limits.ts'), async (original) =>
  (await import('./small-limits.ts')).smallLimits(await original()),
)
vi.mock(import('../../src/crypto/secret.ts'), async (original) =>
  (await import('./plain-secrets.ts')).plainSecrets(await original()),
)

const PASSES = 6
const FIRST_BYTES = 160 << 10
const MORE_BYTES = 48 << 10
const FORGOTTEN = 6

async function failureOf(act: () => Promise<void>): Promise<unknown> {
  try {
    await act()
    return undefined
  } catch (error) {
    return error
  }
}

rootTest(
  `a file system that is really full, ${PASSES} times, loses no point, and goes on once there is room (only as root)`,
  async () => {
    const volume = temporaryVolume(FIRST_BYTES)
    const root = join(volume.path, 'store')
    mkdirSync(root)
    const driver = await openLocalDriver({ root })
    const machine = await LoneMachine.create(driver, 1)
    const dice = new Dice(1)
    const backup = async (): Promise<void> => machine.backup(driver, machine.model.mutate(new Map(), dice))
    for (let pass = 1; pass <= PASSES; pass++) {
      let full: unknown
      while (full === undefined) full = await failureOf(backup)
      expect(full, `pass ${pass}`).toBeInstanceOf(StorageError)
      expect(full).toMatchObject({ code: 'STORE_FULL' })
      // Whatever they can do without room, they do; what they cannot, they say.
      for (const act of [() => machine.forgetOldest(driver), () => machine.prune(driver)]) {
        const failure = await failureOf(act)
        if (failure !== undefined) expect(failure).toBeInstanceOf(TidemarkError)
      }
      expect(await machine.verify(driver), `pass ${pass}, full`).toEqual([])
      volume.remount(`size=${FIRST_BYTES + pass * MORE_BYTES}`)
      for (let i = 0; i < FORGOTTEN; i++) await machine.forgetOldest(driver)
      await machine.prune(driver)
      await backup()
      expect(await machine.verify(driver), `pass ${pass}, with room again`).toEqual([])
    }
  },
)
