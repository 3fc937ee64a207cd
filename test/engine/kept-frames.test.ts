import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import { FrameDecoder } from '../../src/engine/point-view-decoder.ts'
import { openPointFrames } from '../../src/engine/point-view-repository.ts'
import { openPointView } from '../../src/engine/point-view.ts'
import { FrameDiskCache } from '../../src/repository/frame-disk-cache.ts'
import type { PointInfo } from '../../src/repository/point-info.ts'
import type { ObjectKind } from '../../src/storage/driver.ts'
import { closeSharedPool, EngineFixture } from '../support/engine-fixture.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { diskLines, pointLines } from '../support/point-content.ts'

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

test('what a backup wrote beside the content of files, nobody on this machine fetches, and the store says what counts', async () => {
  const f = await EngineFixture.create()
  mkdirSync(f.path('folder'))
  const linesNow = async (): Promise<string[]> => {
    await f.reopen()
    f.driver.calls.length = 0
    return pointLines(await f.view(), f.source)
  }
  const fetched = (kind: ObjectKind) => f.driver.calls.filter((call) => call.method === 'get' && call.kind === kind)
  for (const content of ['first', 'second']) {
    writeFileSync(f.path('folder', 'file'), content)
    await f.backup()
    expect(await linesNow()).toEqual(diskLines(f.source))
    // The pack of the file is the only one.
    expect([fetched('index').length, fetched('packs').length]).toEqual([0, 1])
  }
  // Merged by now: it is kept once.
  expect(f.openCache().list('written-index-')).toEqual([])
  for (const { name } of f.openCache().list('packs-')) f.openCache().write(name, [utf8('damaged')])
  expect(await linesNow()).toEqual(diskLines(f.source))
  const read = f.repository.blobsIn(await f.repository.index(), { cache: undefined })
  for (const { name } of f.openCache().list('packs-')) f.driver.hide({ kind: 'packs', id: name.slice(6) as ObjectId })
  expect(await linesNow()).toEqual(diskLines(f.source))
  const [{ record }] = (await f.repository.chain()).points as [PointInfo]
  await expect(openPointView(read, record.parts).lookup(byteStringOf(f.source))).rejects.toMatchObject({
    code: 'BLOB_MISSING',
  })
})
