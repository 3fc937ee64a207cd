import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'vitest'

import { errnoOf, StorageError } from '../../../src/base/errors.ts'
import { rootTest } from '../../support/root-test.ts'
import { INSTANCE, SimulatedDaemon } from '../../support/simulated-daemon.ts'
import { temporaryVolume } from '../../support/temporary-folder.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const NOON = Date.UTC(2026, 5, 1, 12)
/** More than the log of the store, which is never smaller than it was once. */
const VOLUME_BYTES = 16 << 20
const LARGE = 'x'.repeat(60_000)

/** Takes all the room that a folder's file system has left; returns what gives it back. */
function fill(folder: string): () => void {
  const file = join(folder, 'filler')
  const descriptor = openSync(file, 'w')
  try {
    for (let bytes = 65_536; bytes > 0; bytes = Math.floor(bytes / 2)) {
      try {
        while (writeSync(descriptor, new Uint8Array(bytes)) === bytes);
      } catch (error) {
        if (errnoOf(error) !== 'ENOSPC') throw error
      }
    }
  } finally {
    closeSync(descriptor)
  }
  return () => rmSync(file)
}

rootTest(
  'a disk that is full of something else ends neither the daemon nor what runs, and nothing is done twice or forgotten',
  async () => {
    const stateDirectory = temporaryVolume(VOLUME_BYTES).path
    const configuration = `plans:
  home: { sources: /home/ada, repository: /srv/a, trigger: ['@at 2:00', '@event go'], steps: [incremental] }
`
    const d = new SimulatedDaemon({ configuration, nowMs: NOON, timeZone: 'UTC', stateDirectory })
    d.runner.outcome = () => ({ durationMs: 5 * MINUTE_MS, event: { type: 'summary', note: LARGE.slice(0, 40_000) } })
    const loop = await d.start()
    // Not for long: what the store has of its log it writes once more, without more room.
    await d.pass(14 * HOUR_MS + MINUTE_MS)
    const jobs = async () => (await d.jobs.list({ instance: INSTANCE, limit: 1000 })).jobs
    expect(await jobs()).toMatchObject([{ state: 'running' }])

    const free = fill(stateDirectory)
    await expect(loop.raiseEvent('go', LARGE)).rejects.toMatchObject({ code: 'STORE_FULL', retry: 'transient' })
    // What runs ends meanwhile, and what it came to is more than there is room for.
    await d.pass(10 * MINUTE_MS)
    expect(await jobs()).toMatchObject([{ state: 'running', runs: 1 }])
    expect(d.problems.length).toBeGreaterThan(0)
    for (const problem of d.problems) expect(problem).toBeInstanceOf(StorageError)
    for (const problem of d.problems) expect(problem).toMatchObject({ code: 'STORE_FULL' })

    free()
    await d.pass(MINUTE_MS)
    expect(await jobs()).toMatchObject([{ state: 'done', runs: 1 }])
    expect(await loop.raiseEvent('go', LARGE)).toEqual(['home'])
    await d.pass(DAY_MS)
    expect((await jobs()).map(({ state, runs }) => [state, runs])).toEqual(Array(3).fill(['done', 1]))
    expect(d.runner.calls).toHaveLength(3)
    expect(await d.holding()).toEqual([])
  },
)
