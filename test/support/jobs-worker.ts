import { systemClock } from '../../src/base/clock.ts'
import type { InstanceId } from '../../src/base/ids.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { systemScheduler } from '../../src/repository/run-object.ts'
import { ChildRunner } from '../../src/service/jobs/child-runner.ts'
import { CommandHandler } from '../../src/service/jobs/command-handler.ts'
import { COMMAND_KIND } from '../../src/service/jobs/command-message.ts'
import type { JobStore } from '../../src/service/jobs/job-store.ts'
import { SqliteJobStore } from '../../src/service/jobs/sqlite-job-store.ts'
import { Worker } from '../../src/service/jobs/worker.ts'

// A process that does the jobs of a store, to be killed: by the test, or by itself before it notes or settles anything.
const [stateDirectory = '', instance = '', folder = '', dieBefore = ''] = process.argv.slice(2)

function raise(problem: unknown): never {
  throw problem
}

const real = SqliteJobStore.open({ stateDirectory, clock: systemClock, onDamaged: (_, why) => raise(why) })
const store = new Proxy<JobStore>(real, {
  get: (target, name: keyof JobStore) => {
    if (name === dieBefore) return () => process.kill(process.pid, 'SIGKILL')
    return (target[name] as (...values: unknown[]) => unknown).bind(target)
  },
})
const environment = { PATH: process.env['PATH'] ?? '', FOLDER: folder }
const program = ['/bin/sh', '-c', 'eval "$1"', 'sh']
const runner = new ChildRunner({ program, environment, workingDirectory: '/' })
const clock = systemClock
const worker = new Worker({
  ...{ store, instance: instance as InstanceId, clock, randomness: systemRandomness, scheduler: systemScheduler },
  handlers: new Map([[COMMAND_KIND, new CommandHandler({ runner, clock })]]),
  onChanged: () => undefined,
  onProblem: raise,
})
await worker.turn()
await worker.idle()
