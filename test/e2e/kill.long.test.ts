import { afterAll, test } from 'vitest'
import { CliPlace } from '../support/cli.ts'
import { closeSharedPool } from '../support/engine-fixture.ts'
import { KilledUser } from './killing.ts'

afterAll(closeSharedPool)

const SEEDS = 100
const KILLS = { backup: 10, restore: 10, forget: 10, prune: 10, undo: 10 }

test(`programs killed ${SEEDS * KILLS.backup} times in each command leave every point whole`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await new KilledUser(new CliPlace(), seed).live(KILLS)
})
