import { systemClock } from '../../src/base/clock.ts'
import type { InstanceId } from '../../src/base/ids.ts'
import { SqliteJobStore } from '../../src/service/jobs/sqlite-job-store.ts'

// Opens the store of a folder as soon as the time has come, adds jobs as others do, claims what it gets, and prints it.
const [stateDirectory = '', id = '', beginMs = '', jobs = ''] = process.argv.slice(2)
const instance = id as InstanceId
const nowMs = Number(beginMs)
while (Date.now() < nowMs);
await using store = SqliteJobStore.open({
  stateDirectory,
  clock: systemClock,
  onDamaged: (_, why) => {
    throw new Error(why)
  },
})
for (let n = 0; n < Number(jobs); n++) await store.add({ instance, kind: 'work', message: null, key: `${n}` }, nowMs)
const claim = { instance, worker: `w${process.pid}`, kinds: ['work'], nowMs, leaseMs: 60_000 }
for (;;) {
  const job = await store.claim(claim)
  if (job === undefined) break
  process.stdout.write(`${job.id}\n`)
}
