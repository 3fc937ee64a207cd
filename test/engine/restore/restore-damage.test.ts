import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { type ByteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { diskTree } from '../../support/disk.ts'
import { FaultyDriver } from '../../support/faulty-driver.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { RestoreFixture, closePool } from '../../support/restore-fixture.ts'
import { rootTest } from '../../support/root-test.ts'
import { STRANGE_THINGS } from '../../support/strange-things.ts'
import { temporaryFolder, temporaryMemoryFolder, temporaryVolume } from '../../support/temporary-folder.ts'
import { dirEntry, symlinkEntry } from '../../support/tree-entries.ts'

afterAll(closePool)

const path = (...parts: string[]): ByteString => byteStringOf(join(...parts))

describe('what cannot be restored', () => {
  test('is listed, and the rest goes on, when frames are damaged', async () => {
    const f = await RestoreFixture.create()
    const root = [
      f.dir('d', [f.file('bad', patternBytes(1_000_000, 1)), f.file('worse', patternBytes(5_000_000, 2))]),
      f.file('good', patternBytes(1_000_000, 3)),
    ]
    await f.open(root)
    const { tiny } = f
    const pack = f.dataPacks[0]!
    const stored = Buffer.from(await tiny.driver.get({ kind: 'packs', id: pack.id }))
    const offsets = [0, 3].map((frame) => pack.tables.frames[frame * 4]!)
    for (const offset of offsets) stored[offset + 100]! ^= 1
    const driver = new FaultyDriver(tiny.driver)
    driver.replace({ kind: 'packs', id: pack.id }, stored)
    await f.reopen(f.tree(root), driver)
    const target = temporaryFolder()
    const summary = await f.restore({ target: path(target) })
    expect(summary.failures.map(({ path: at }) => at.slice(target.length)).sort()).toEqual(['/d/bad', '/d/worse'])
    expect(summary.failures.map(({ error }) => (error as { code?: string }).code)).toEqual([
      'AUTH_FAILED',
      'AUTH_FAILED',
    ])
    expect(diskTree(target).map((line) => line.split(':')[0])).toEqual(['d/', 'good'])
    expect(readFileSync(join(target, 'good')).equals(patternBytes(1_000_000, 3))).toBe(true)
  })

  test('leaves what was there as it was', async () => {
    const f = await RestoreFixture.create()
    const root = [f.file('large', patternBytes(6_000_000, 2)), f.file('small', 'new content')]
    await f.open(root)
    const pack = f.dataPacks[0]!
    const stored = Buffer.from(await f.tiny.driver.get({ kind: 'packs', id: pack.id }))
    for (let row = 4; row < pack.tables.frames.length; row += 4) stored[pack.tables.frames[row]! + 50]! ^= 1
    const driver = new FaultyDriver(f.tiny.driver)
    driver.replace({ kind: 'packs', id: pack.id }, stored)
    await f.reopen(f.tree(root), driver)
    const target = temporaryFolder()
    writeFileSync(join(target, 'large'), 'old large')
    writeFileSync(join(target, 'small'), 'old small')
    const summary = await f.restore({ target: path(target) })
    expect(summary.failures).toHaveLength(2)
    expect(diskTree(target)).toEqual(['large: old large', 'small: old small'])
  })

  test('of a pack that was cut off is what lies behind the cut, and nothing before it', async () => {
    const f = await RestoreFixture.create()
    const names = Array.from({ length: 9 }, (_, i) => `f${i}`)
    const root = names.map((name, i) => f.file(name, patternBytes(1 << 20, i)))
    await f.open(root)
    const pack = f.dataPacks[0]!
    const name = { kind: 'packs', id: pack.id } as const
    const driver = new FaultyDriver(f.tiny.driver)
    await driver.truncate(name, pack.tables.frames[4 * 4]! + 1000)
    await f.reopen(f.tree(root), driver)
    const target = temporaryFolder()
    const { failures } = await f.restore({ target: path(target) })
    expect(failures.map(({ path: at }) => at.slice(target.length + 1)).sort()).toEqual(names.slice(4))
    names.slice(0, 4).forEach((file, i) => {
      expect(readFileSync(join(target, file)).equals(patternBytes(1 << 20, i))).toBe(true)
    })
  })

  test.each(STRANGE_THINGS)('is what lies in a pack in whose place there is %s', async (_what, put) => {
    const store = await openLocalDriver({ root: temporaryMemoryFolder() })
    const f = await RestoreFixture.create(store)
    await f.open([f.file('empty', ''), f.file('large', patternBytes(2_000_000, 1)), f.file('small', 'small')])
    const pack = store.localFile({ kind: 'packs', id: f.dataPacks[0]!.id })
    rmSync(pack)
    await put(pack)
    const target = temporaryFolder()
    const { failures } = await f.restore({ target: path(target) })
    expect(failures.map(({ path: at }) => at.slice(target.length + 1)).sort()).toEqual(['large', 'small'])
    expect(readdirSync(target)).toEqual(['empty'])
  })

  test('comes from another copy where there is one', async () => {
    const f = await RestoreFixture.create()
    const root = [f.file('a', patternBytes(3_000_000, 2))]
    await f.open(root)
    const [pack] = f.dataPacks
    const copy = await f.tiny.putPack([
      [f.tiny.blob('padding')],
      ...[0, 1, 2, 3, 4, 5].map((i) => [
        f.tiny.blob(patternBytes(3_000_000, 2).subarray(i * 524_288, (i + 1) * 524_288)),
      ]),
    ])
    await f.tiny.putIndex([copy])
    for (const lost of [pack!, copy]) {
      const driver = new FaultyDriver(f.tiny.driver)
      driver.hide({ kind: 'packs', id: lost.id })
      await f.reopen(f.tree(root), driver)
      const target = temporaryFolder()
      expect((await f.restore({ target: path(target) })).failures).toEqual([])
      expect(readFileSync(join(target, 'a')).equals(patternBytes(3_000_000, 2))).toBe(true)
    }
  })

  test('because its tree is missing is named, and nothing beside it is lost', async () => {
    const f = await RestoreFixture.create()
    await f.open([f.file('a', 'x'), dirEntry('gone', new Uint8Array(32).fill(9)), f.dir('z', [f.file('b', 'y')])])
    const target = temporaryFolder()
    const summary = await f.restore({ target: path(target) })
    expect(summary.failures).toMatchObject([{ path: path(target, 'gone'), error: { code: 'BLOB_MISSING' } }])
    expect(diskTree(target)).toEqual(['a: x', 'gone/', 'z/', 'z/b: y'])
  })

  rootTest('because the target is full is left out, and the rest goes on', async () => {
    const f = await RestoreFixture.create()
    const large = patternBytes(6_000_000, 1)
    await f.open([f.file('large', large), f.file('medium', patternBytes(1_500_000, 2)), f.file('small', 'fits')])
    const volume = temporaryVolume(2 << 20)
    const summary = await f.restore({ target: path(volume.path) })
    const codes = summary.failures.map(({ error }) => (error as { code?: string }).code)
    expect(codes.length).toBeGreaterThanOrEqual(1)
    expect(new Set(codes)).toEqual(new Set(['TARGET_FULL']))
    expect(summary.failures.some(({ path: at }) => at.endsWith('/large'))).toBe(true)
    expect(readFileSync(join(volume.path, 'small'), 'utf8')).toBe('fits')
    expect(diskTree(volume.path).map((line) => line.split(':')[0])).not.toContain('large')
  })

  rootTest(
    'because the target is full is not tried again and again; folders, links and small files go on',
    async () => {
      const f = await RestoreFixture.create()
      const files = Array.from({ length: 3000 }, (_, i) => f.file(`f${i}`, patternBytes(16_384, i)))
      await f.open([f.dir('a', files), f.dir('b', [f.file('empty', ''), symlinkEntry('link', 'empty')])])
      const volume = temporaryVolume(4 << 20)
      const summary = await f.restore({ target: path(volume.path) })
      const { failures, full } = summary
      expect(failures.length).toBeGreaterThan(2700)
      expect(full).toEqual({ entries: failures.length, bytes: failures.length * 16_384 })
      const tried = failures.filter(({ error }) => error.message.includes('ENOSPC'))
      expect(tried.length).toBeGreaterThan(0)
      // Jobs that were on their way when the first file did not fit have 192 files each.
      expect(tried.length).toBeLessThan(failures.length - 500)
      expect(readdirSync(join(volume.path, 'a'))).toHaveLength(3000 - failures.length)
      expect(diskTree(join(volume.path, 'b'))).toEqual(['empty: ', 'link -> empty'])
    },
  )
})
