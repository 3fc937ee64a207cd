import { test } from 'vitest'
import { CliPlace } from '../support/cli.ts'
import { KilledUser } from './killing.ts'

const SEEDS = 20
const KILLS = { backup: 50, restore: 50, forget: 50, prune: 50, undo: 50 }

test(`programs killed ${SEEDS * KILLS.backup} times in each command leave every point whole`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await new KilledUser(new CliPlace(), seed).live(KILLS)
})
