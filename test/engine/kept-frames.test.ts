import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { FrameDecoder } from '../../src/engine/point-view-decoder.ts'
import { openPointFrames } from '../../src/engine/point-view-repository.ts'
import { FrameDiskCache } from '../../src/repository/frame-disk-cache.ts'
import { closeSharedPool, EngineFixture } from '../support/engine-fixture.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

const CACHE_BYTES_MAX = 64 << 20

afterAll(closeSharedPool)

/** Fetches all frames as one process after another would; returns them, and how many requests the store had. */
async function fetchAll(f: EngineFixture): Promise<{ readonly frames: readonly string[]; readonly requests: number }> {
  using kept = await openPointFrames(f.repository, new FrameDiskCache(f.openCache(), CACHE_BYTES_MAX))
  using decoder = new FrameDecoder(kept.handle, kept.dataIdKey())
  const numbers = Array.from({ length: decoder.frames }, (_, number) => number)
  const frames: string[] = []
  f.driver.calls.length = 0
  const onFrame = (frame: number, sealed: Uint8Array): void => {
    frames[frame] = Buffer.from(sealed).toString('hex')
  }
  await kept.fetch(kept.handle.epoch, numbers, { signal: new AbortController().signal, onFrame })
  return { frames, requests: f.driver.calls.filter(({ method }) => method === 'get').length }
}

test('what was fetched of a store elsewhere is read on this machine, and fetched again where it is damaged', async () => {
  const f = await EngineFixture.create()
  writeFileSync(f.path('file'), patternBytes(5_000_000, 1))
  await f.backup()
  const first = await fetchAll(f)
  expect(first.requests).toBeGreaterThan(0)
  expect(await fetchAll(f)).toEqual({ frames: first.frames, requests: 0 })
  const folder = join(f.cacheFolder, f.repository.id)
  const names = readdirSync(folder).filter((name) => name.startsWith('frame-'))
  expect(names.length).toBe(first.frames.length)
  writeFileSync(join(folder, names[0] ?? ''), 'damaged', { flag: 'r+' })
  expect(await fetchAll(f)).toEqual({ frames: first.frames, requests: 1 })
  expect((await fetchAll(f)).requests).toBe(0)
})
