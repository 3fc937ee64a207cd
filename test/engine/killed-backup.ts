import { openLocalDriver } from '../../drivers/local/local-driver.ts'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { backup } from '../../src/engine/backup.ts'
import { directorySource } from '../../src/engine/sources/directory-source.ts'
import { WorkerPool } from '../../src/engine/workers/worker-pool.ts'
import { openRepository } from '../../src/repository/repository.ts'
import { aheadClock, testPorts, testSecret } from '../support/test-machine.ts'

// Backs a folder up and tells its parent as soon as the first index file is durable; made to be killed then.
const [, , root = '', source = ''] = process.argv
const driver = await openLocalDriver({ root })
const put = driver.put.bind(driver)
driver.put = async (name, parts, signal) => {
  await put(name, parts, signal)
  // All the time in the world to be killed, with packs and no point.
  if (name.kind !== 'index') return
  process.send?.('flushed')
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}
const repository = await openRepository({ ...testPorts(driver), secret: testSecret })
await backup(
  {
    repository: Promise.resolve(repository),
    repositoryId: repository.id,
    cache: undefined,
    workers: new WorkerPool({ threads: 2 }),
    clock: aheadClock,
    randomness: systemRandomness,
    journal: { begin: async () => async () => undefined },
    flushBytes: 20 << 20,
    tool: 'test',
  },
  directorySource({
    roots: [byteStringOf(source)],
    rules: { patterns: [], excludeCaches: false, excludeIfPresent: [] },
    crossFilesystems: false,
  }),
  { full: false, tags: [], description: '', dryRun: false, strict: false },
  {},
  new AbortController().signal,
)
