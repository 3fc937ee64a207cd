import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { TidemarkError } from '../../src/base/errors.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { backup } from '../../src/engine/backup.ts'
import { openPointView } from '../../src/engine/point-view.ts'
import { directorySource } from '../../src/engine/sources/directory-source.ts'
import { WorkerPool } from '../../src/engine/workers/worker-pool.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import { openWithKeys } from '../../src/repository/repository.ts'
import { aheadClock, testPorts, testSecret } from '../support/test-machine.ts'

// Backs a folder up as a user with no rights, then once more as root; prints what was told and what the points hold.
const [, , source = ''] = process.argv
const driver = new MemoryDriver()
const slots = [{ secret: testSecret, label: 'test' }] as const
const keys = await createRepository(driver, { slots, clock: aheadClock, randomness: systemRandomness })
const repository = await openWithKeys(keys, testPorts(driver))
const workers = new WorkerPool({ threads: 1 })

async function run(root = source): Promise<{ told: string[]; troubles: [string, number][]; entries: string[] }> {
  const told: string[] = []
  const summary = await backup(
    {
      repository: Promise.resolve(repository),
      repositoryId: repository.id,
      cache: undefined,
      workers,
      clock: aheadClock,
      randomness: systemRandomness,
      journal: { begin: async () => async () => undefined },
      tool: 'test',
    },
    directorySource({
      roots: [byteStringOf(root)],
      rules: { patterns: [], excludeCaches: false, excludeIfPresent: [] },
      crossFilesystems: false,
    }),
    { full: false, tags: [], description: '', dryRun: false, strict: false },
    { trouble: ({ reason, path }) => told.push(`${reason} ${path}`) },
    new AbortController().signal,
  )
  const chain = await repository.chain({ reload: true })
  const view = openPointView(await repository.blobs(), chain.points.at(-1)?.record.parts ?? [])
  const top = await view.lookup(byteStringOf(source))
  const entries: string[] = []
  if (top !== undefined) {
    for await (const { path, entry } of view.walk(byteStringOf(''), top)) {
      entries.push(entry.kind === 'dir' ? `${path}/` : path)
    }
  }
  return { told: told.sort(), troubles: [...summary.troubles], entries }
}

process.setegid?.(65534)
process.seteuid?.(65534)
// Alone, what cannot be read is no source: a point of nothing would look like one of everything.
const refusal = await run(join(source, 'closed')).then(
  () => 'none',
  (error: unknown) => (error instanceof TidemarkError ? error.code : String(error)),
)
const { told, troubles, entries } = await run()
process.seteuid?.(0)
process.setegid?.(0)
// What was denied is looked at again, although nothing of it changed.
chmodSync(join(source, 'open'), 0o644)
const after = (await run()).entries
process.stdout.write(JSON.stringify({ refusal, troubles, told, entries, after }))
await workers[Symbol.asyncDispose]()
