import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished } from 'vitest'

import { DaemonPlace, type ShownJob } from '../support/daemon-place.ts'
import { eventually } from '../support/eventually.ts'
import { attachLoopDisk } from '../support/loop-disk.ts'
import { rootTest } from '../support/root-test.ts'

const isOver = (jobs: readonly ShownJob[]): boolean =>
  jobs.length > 0 && jobs.every(({ state }) => state !== 'queued' && state !== 'running')

/** A place with a file to keep, a repository of its own, and a plan that keeps what its hook was told. */
async function placeWith(plan: Readonly<Record<string, unknown>>, url?: string) {
  const place = new DaemonPlace()
  await place.init()
  writeFileSync(join(place.source, 'file'), 'content')
  const seen = join(place.folder, 'seen')
  const whole = {
    ...{ sources: [place.source], repository: 'store', hooks: { before: `cat >> ${seen}; echo >> ${seen}` } },
    ...{ steps: ['incremental'], ...plan },
  }
  place.configure({ store: url ?? place.repository }, `plans: ${JSON.stringify({ home: whole })}\n`)
  const told = (): unknown[] => {
    if (!existsSync(seen)) return []
    const lines = readFileSync(seen, 'utf8').split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)
  }
  return { place, told }
}

rootTest('a disk that is attached and then mounted is backed up to by the plan that waits for it', async () => {
  const label = `tmd${process.pid % 100_000}`
  const disk = attachLoopDisk('ext4', label)
  onTestFinished(() => disk[Symbol.dispose]())
  const { place, told } = await placeWith({ trigger: `@volume ${label}` }, `external:${label}`)
  disk.mount()
  await place.succeed(['init', '-r', 'store', '--no-recovery', '--kdf-memory', '8M'])
  disk.detach()
  await place.startDaemon()
  expect(await place.jobs()).toEqual([])

  disk.mount()
  expect(await eventually(() => place.jobs(), isOver)).toMatchObject([{ state: 'done', runs: 1 }])
  expect(told()).toMatchObject([{ trigger: 'volume', label }])
  expect(existsSync(join(disk.mountPoint, 'escapepod'))).toBe(true)
  expect(JSON.parse((await place.succeed(['points', '-r', 'store', '--json'])).stdout)).toHaveLength(1)
  await place.succeed(['daemon', 'stop'])
})

rootTest(
  'a plan runs once after each start of the machine, and not when the daemon alone is started again',
  async () => {
    const { place, told } = await placeWith({ trigger: '@boot' })
    const isOverOrNone = (jobs: readonly ShownJob[]): boolean => jobs.length === 0 || isOver(jobs)
    /** Starts a daemon to which the machine says that it was started anew, for as long as it takes until all is done. */
    const runAfterBoot = async (id: string): Promise<void> => {
      const file = join(place.folder, 'boot_id')
      writeFileSync(file, `${id}\n`)
      // In a namespace of its own, what the kernel says of this start is covered by a file.
      const script = `mount --bind ${file} /proc/sys/kernel/random/boot_id && exec "$@"`
      const daemon = await place.startDaemon({ within: ['unshare', '--mount', 'sh', '-c', script, 'sh'] })
      await eventually(() => place.jobs(), isOverOrNone)
      await place.succeed(['daemon', 'stop'])
      await daemon.ended
    }

    await runAfterBoot('first')
    // When there was no daemon before, this start was none that it missed.
    expect(await place.jobs()).toEqual([])
    await runAfterBoot('second')
    expect(await place.jobs()).toMatchObject([{ state: 'done', runs: 1 }])
    await runAfterBoot('second')
    expect(await place.jobs()).toHaveLength(1)
    await runAfterBoot('third')
    expect(await place.jobs()).toMatchObject([{ state: 'done' }, { state: 'done' }])
    expect(told()).toMatchObject([{ trigger: 'boot' }, { trigger: 'boot' }])
  },
)
