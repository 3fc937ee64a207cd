import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import { openRepository, type Repository } from '../../src/repository/repository.ts'
import { aheadClock, testPorts, testSecret } from '../support/test-machine.ts'

// Opens as many repositories as it is told, lets them rest, and says how much memory that takes.
const count = Number(process.argv[2])
const open: Repository[] = []
for (let i = 0; i < count; i++) {
  const driver = new MemoryDriver()
  const slots = [{ secret: testSecret, label: 'test' }] as const
  const keys = await createRepository(driver, { slots, clock: aheadClock, randomness: systemRandomness })
  keys[Symbol.dispose]()
  const repository = await openRepository({ ...testPorts(driver), secret: testSecret })
  // Each has been at work, and rests again.
  await repository.chain()
  await repository.index()
  repository.releaseIndex()
  open.push(repository)
}
globalThis.gc?.()
const residentMb = Math.round(process.memoryUsage().rss / 2 ** 20)
process.stdout.write(JSON.stringify({ open: open.length, residentMb }))
for (const repository of open) repository[Symbol.dispose]()
