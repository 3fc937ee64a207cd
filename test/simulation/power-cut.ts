import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openLocalDriver } from '../../drivers/local/local-driver.ts'
import type { Driver } from '../../src/storage/driver.ts'
import { Dice } from './dice.ts'
import { driverWithPut } from './driver-with-put.ts'
import { LoneMachine } from './lone-machine.ts'
import type { ModelPoint } from './model.ts'

const DISK_BYTES = 24 << 20
/** No later than this after a put began, the power is gone. */
const WITHIN_MS = 4
/** The system writes nothing by itself within this, in seconds: whatever reaches the disk was synced. */
const COMMIT_INTERVAL = 300

/** A disk in a file, mounted. Only for root. */
class FileDisk {
  readonly image: string
  readonly mountPoint: string

  constructor(image: string) {
    this.image = image
    this.mountPoint = `${image}.mounted`
    mkdirSync(this.mountPoint)
    execFileSync('mount', ['-o', `loop,commit=${COMMIT_INTERVAL}`, image, this.mountPoint])
  }

  unmount(): void {
    execFileSync('umount', [this.mountPoint])
  }
}

/**
 * Backs up to a real file system, and cuts its power `cuts` times while objects are being put: what the disk has at that
 * instant is mounted again elsewhere. Returns what was not as it must be.
 */
export async function cutPower(seed: number, cuts: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-cut-'))
  const image = join(folder, 'disk')
  writeFileSync(image, '')
  truncateSync(image, DISK_BYTES)
  execFileSync('mkfs.ext4', ['-q', image])
  const disk = new FileDisk(image)
  try {
    return await liveOn(disk, { seed, cuts, folder })
  } finally {
    disk.unmount()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function liveOn(
  disk: FileDisk,
  { seed, cuts, folder }: { seed: number; cuts: number; folder: string },
): Promise<string[]> {
  const dice = new Dice(seed)
  const root = join(disk.mountPoint, 'store')
  mkdirSync(root)
  const driver = await openLocalDriver({ root })
  const machine = await LoneMachine.create(driver, seed)
  await machine.backup(driver, machine.model.mutate(new Map(), dice))
  const problems: string[] = []
  for (let cut = 0; cut < cuts; cut++) {
    const left = join(folder, `left-${cut}`)
    let required: readonly ModelPoint[] = []
    const watched = cutAt(driver, dice.below(6), async () => {
      await setTimeout(dice.between(0, WITHIN_MS))
      required = machine.model.required()
      copyFileSync(disk.image, left)
    })
    await machine.backup(watched, machine.model.mutate(new Map(), dice))
    if (required.length === 0) continue
    const problem = await problemOf(machine, left, required)
    if (problem !== undefined) problems.push(`seed ${seed}, cut ${cut}: ${problem}`)
  }
  return problems
}

async function problemOf(
  machine: LoneMachine,
  left: string,
  required: readonly ModelPoint[],
): Promise<string | undefined> {
  const disk = new FileDisk(left)
  try {
    const driver = await openLocalDriver({ root: join(disk.mountPoint, 'store') })
    return (await machine.verify(driver, required))[0]
  } finally {
    disk.unmount()
  }
}

/** Passes everything on; calls `cut` while the nth put from now on is under way. */
function cutAt(driver: Driver, nth: number, cut: () => Promise<void>): Driver {
  let puts = 0
  const put: Driver['put'] = async (...args) => {
    const putting = driver.put(...args)
    if (puts++ === nth) await cut()
    await putting
  }
  return driverWithPut(driver, put)
}
