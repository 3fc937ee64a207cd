import { CliPlace } from '../support/cli.ts'
import { fuseTest } from '../support/fuse-test.ts'
import { KilledMounts } from './killing-mounts.ts'

const SEEDS = 20
const KILLS = 50

fuseTest(`mounts killed ${SEEDS * KILLS} times, half of them while they are read, leave nothing behind`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await new KilledMounts(new CliPlace(), seed).live(KILLS)
})
