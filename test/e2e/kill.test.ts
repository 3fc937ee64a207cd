import { afterAll, test } from 'vitest'
import { CliPlace } from '../support/cli.ts'
import { closeSharedPool } from '../support/engine-fixture.ts'
import { KilledUser } from './killing.ts'

afterAll(closeSharedPool)

const KILLS = { backup: 4, restore: 3, forget: 1, prune: 2, undo: 2 }

const TOTAL = Object.values(KILLS).reduce((sum, count) => sum + count)

test(`a program killed ${TOTAL} times in backup, restore, forget, prune and undo leaves every point whole`, async () => {
  await new KilledUser(new CliPlace(), 1).live(KILLS)
}, 600_000)
