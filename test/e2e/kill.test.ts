import { test } from 'vitest'
import { CliPlace } from '../support/cli.ts'
import { KilledUser } from './killing.ts'

const KILLS = { backup: 15, restore: 15 }

test(`a program killed ${KILLS.backup} times in backups and ${KILLS.restore} in restores leaves every point whole`, async () => {
  await new KilledUser(new CliPlace(), 1).live(KILLS)
}, 180_000)
