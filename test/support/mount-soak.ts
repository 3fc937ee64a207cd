import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { expect, onTestFinished } from 'vitest'

import { CliMount, until, usageOf } from './cli-mount.ts'
import { CliPlace } from './cli.ts'
import type { ReaderReport } from './mount-reader.ts'
import { seededRandomness } from './seeded-randomness.ts'

const READERS = 4
const POINTS_KEPT = 3
const FOLDERS = 5
const FILES_CHANGED = 20
const FILE_BYTES_MAX = 200_000
/** After so many rounds all caches are full. */
const WARM_ROUNDS = 40
const MEMORY_BYTES_MAX = 250e6
const MEMORY_GROWTH_BYTES_MAX = 30e6
const DESCRIPTORS_MAX = 80
const DESCRIPTORS_MORE_MAX = 8

/**
 * Makes, forgets and prunes points, `rounds` times, while four readers are in the mount. Checks that nobody reads a wrong
 * byte, that what comes and goes is seen, and that memory and descriptors of the mount stay as they are.
 */
export async function soakMount(rounds: number, seed: string): Promise<void> {
  const place = new CliPlace()
  const random = seededRandomness(seed)
  const change = (): void => {
    const folder = join(place.source, String((random.bytes(1)[0] ?? 0) % FOLDERS))
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    for (let i = 0; i < FILES_CHANGED; i++) {
      const bytes = random.bytes(new DataView(random.bytes(4).buffer).getUint32(0) % FILE_BYTES_MAX)
      writeFileSync(join(folder, createHash('sha256').update(bytes).digest('hex')), bytes)
    }
  }
  await place.init()
  change()
  await place.succeed(['backup', place.source])
  const mount = await CliMount.open(place)
  const pid = mount.process.pid ?? 0
  const starting = Array.from({ length: READERS }, async (_, i) => startReader(mount.path('points'), `${seed}-${i}`))
  const readers = await Promise.all(starting)
  let warm = usageOf(pid)
  for (let round = 0; round < rounds; round++) {
    change()
    await place.succeed(['backup', place.source])
    await place.succeed(['forget', '--keep-last', String(POINTS_KEPT)])
    // What nobody shows any more may be taken away at once.
    const wanted = Math.min(round + 2, POINTS_KEPT)
    expect(await until(() => readdirSync(mount.path('points')).length === wanted)).toBe(true)
    await place.succeed(['prune', '--exclusive'])
    if (round === WARM_ROUNDS) warm = usageOf(pid)
  }
  const end = usageOf(pid)
  for (const report of await Promise.all(readers.map(stopReader))) {
    expect(report.wrong).toEqual([])
    expect(report.read).toBeGreaterThan(0)
  }
  expect(end.residentBytes).toBeLessThan(MEMORY_BYTES_MAX)
  expect(end.descriptors).toBeLessThan(DESCRIPTORS_MAX)
  if (rounds > WARM_ROUNDS) {
    expect(end.residentBytes - warm.residentBytes).toBeLessThan(MEMORY_GROWTH_BYTES_MAX)
    expect(end.descriptors - warm.descriptors).toBeLessThan(DESCRIPTORS_MORE_MAX)
  }
  expect(await mount.end()).toMatchObject({ code: 0 })
}

type Reader = ChildProcessByStdio<null, Readable, null>

/** Starts somebody who reads; resolves once he has read something. */
async function startReader(points: string, seed: string): Promise<Reader> {
  const script = join(import.meta.dirname, 'mount-reader.ts')
  const reader = spawn(process.execPath, [script, points, seed], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void reader.kill('SIGKILL'))
  await once(reader.stdout, 'data')
  return reader
}

async function stopReader(reader: Reader): Promise<ReaderReport> {
  let said = ''
  reader.stdout.on('data', (part: Buffer) => (said += part.toString()))
  const ended = new Promise((resolve) => reader.once('close', resolve))
  reader.kill('SIGTERM')
  await ended
  return JSON.parse(said) as ReaderReport
}
