import { CliPlace } from '../support/cli.ts'
import { fuseTest } from '../support/fuse-test.ts'
import { KilledMounts } from './killing-mounts.ts'

fuseTest(
  'a mount that is killed while it is read leaves readers that end, a folder to mount over again, and a whole repository',
  async () => {
    await new KilledMounts(new CliPlace(), 1).live(2)
  },
)
