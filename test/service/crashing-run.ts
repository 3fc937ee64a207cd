import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { backup } from '../../src/engine/backup.ts'
import { WorkerPool } from '../../src/engine/workers/worker-pool.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import { openWithKeys } from '../../src/repository/repository.ts'
import { FileRunJournal } from '../../src/service/run-journal.ts'
import { applicationSource } from '../support/application-source.ts'
import { aheadClock, testPorts, testSecret } from '../support/test-machine.ts'

// Backs an application up and stands still between its passes, in maintenance mode, until it is killed.
const [, , state = '', application = ''] = process.argv
const driver = new MemoryDriver()
const keys = await createRepository(driver, {
  slots: [{ secret: testSecret, label: 'test' }],
  clock: aheadClock,
  randomness: systemRandomness,
})
const repository = await openWithKeys(keys, testPorts(driver))
const between = async (): Promise<void> => {
  process.send?.('between the passes')
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}
await backup(
  {
    repository: Promise.resolve(repository),
    repositoryId: repository.id,
    cache: undefined,
    workers: new WorkerPool({ threads: 1 }),
    clock: aheadClock,
    randomness: systemRandomness,
    journal: new FileRunJournal(state, systemRandomness),
    tool: 'test',
  },
  applicationSource(application, { between }),
  { full: false, tags: [], description: '', dryRun: false, strict: false },
  {},
  new AbortController().signal,
)
