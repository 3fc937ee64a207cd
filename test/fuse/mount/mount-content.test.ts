import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, describe, expect } from 'vitest'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { MemoryDriver } from '../../../drivers/memory/memory-driver.ts'
import { byteStringOf, display } from '../../../src/base/byte-string.ts'
import type { Driver } from '../../../src/storage/driver.ts'
import { closeSharedPool } from '../../support/engine-fixture.ts'
import { fuseTest } from '../../support/fuse-test.ts'
import { MountFixture, runTool } from '../../support/mount-fixture.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

afterAll(closeSharedPool)

const STORES: readonly (readonly [string, () => Promise<Driver>])[] = [
  ['a store on this machine', async () => openLocalDriver({ root: temporaryFolder() })],
  ['a store elsewhere', async () => new MemoryDriver()],
]

/** Reads `length` bytes at `offset` past the page cache. */
async function readDirectly(path: string, offset: number, length: number): Promise<Buffer> {
  const words = [`if=${path}`, 'iflag=direct,skip_bytes,count_bytes', `skip=${offset}`, `count=${length}`]
  const { code, stdout, stderr } = await runTool('dd', [...words, 'bs=1M', 'status=none'])
  if (code !== 0) throw new Error(stderr)
  return stdout
}

describe.each(STORES)('reading files of a mount, from %s', (_, openStore) => {
  fuseTest('gives every byte of files of all sizes, in order and at random', async () => {
    const f = await MountFixture.create(await openStore())
    const large = patternBytes(9_000_001, 1)
    const files = { empty: patternBytes(0, 2), one: patternBytes(1, 3), small: patternBytes(5000, 4), large }
    for (const [name, bytes] of Object.entries(files)) writeFileSync(f.engine.path(name), bytes)
    mkdirSync(f.engine.path('many'))
    for (let i = 0; i < 300; i++) writeFileSync(f.engine.path('many', `${i}`), patternBytes(i * 97, i))
    await f.engine.backup()
    await f.mount()
    for (const [name, bytes] of Object.entries(files)) {
      expect(Buffer.compare(await readFile(f.path(0, name)), bytes)).toBe(0)
    }
    for (let i = 0; i < 300; i++) {
      expect(Buffer.compare(await readFile(f.path(0, 'many', `${i}`)), patternBytes(i * 97, i))).toBe(0)
    }
    const file = await open(f.path(0, 'large'))
    try {
      for (const offset of [8_999_999, 1, 4_194_304 - 7, 2_097_151, 0, 5_000_000]) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(10_000), 0, 10_000, offset)
        expect(Buffer.compare(buffer.subarray(0, bytesRead), large.subarray(offset, offset + 10_000))).toBe(0)
      }
    } finally {
      await file.close()
    }
    expect(await readDirectly(f.path(0, 'large'), 1_000_000, 3_000_000)).toEqual(
      Buffer.from(large.subarray(1_000_000, 4_000_000)),
    )
    expect(f.problems).toEqual([])
  })

  fuseTest('shows holes as zeros, and where they are', async () => {
    const f = await MountFixture.create(await openStore())
    const path = f.engine.path('sparse')
    writeFileSync(path, patternBytes(200_000, 1))
    truncateSync(path, 50_000_000)
    execFileSync('dd', [`of=${path}`, 'if=/dev/zero', 'bs=65536', 'count=1', 'seek=300', 'conv=notrunc', 'status=none'])
    await f.engine.backup()
    await f.mount()
    const { code } = await runTool('cmp', [path, f.path(0, 'sparse')])
    expect(code).toBe(0)
    const copy = join(f.engine.folder, 'copy')
    await runTool('cp', ['--sparse=auto', f.path(0, 'sparse'), copy])
    const blocks = async (of: string): Promise<number> => Number((await runTool('stat', ['-c', '%b', of])).stdout)
    expect(await blocks(copy)).toBeLessThan(2000)
    expect(await blocks(f.path(0, 'sparse'))).toBeLessThan(2000)
    const file = await open(f.path(0, 'sparse'))
    try {
      const { buffer } = await file.read(Buffer.alloc(100, 1), 0, 100, 40_000_000)
      expect(buffer).toEqual(Buffer.alloc(100))
    } finally {
      await file.close()
    }
  })

  fuseTest('ends with EIO in exactly the ranges of a damaged frame, and says once which file it is', async () => {
    const f = await MountFixture.create(await openStore())
    const bytes = patternBytes(12_000_000, 1)
    writeFileSync(f.engine.path('bad'), bytes)
    writeFileSync(f.engine.path('good'), patternBytes(3_000_000, 2))
    await f.engine.backup()
    const view = await f.engine.view()
    const entry = await view.lookup(byteStringOf(f.engine.path('bad')))
    if (entry?.kind !== 'file') throw new Error('the file is in the point')
    const { ids, starts } = await view.layout(entry)
    const blob = Math.floor((starts.length - 1) / 2)
    const place = (await f.engine.repository.index()).locate(ids, blob * 32)!
    const { id } = (await f.engine.repository.index()).packs.row(place.frameLocation.pack)
    const name = { kind: 'packs', id } as const
    const stored = await f.engine.driver.inner.get(name)
    stored[place.frameLocation.offset + 50]! ^= 1
    const file = f.engine.driver.inner.localFile(name)
    if (file === undefined) f.engine.driver.replace(name, stored)
    else {
      chmodSync(file, 0o600)
      writeFileSync(file, stored)
    }
    await f.mount()
    const [from = 0, end = 0] = [starts[blob], starts[blob + 1]]
    await expect(readDirectly(f.path(0, 'bad'), from, 4096)).rejects.toThrow(/Input\/output error/)
    await expect(readDirectly(f.path(0, 'bad'), end - 1, 1)).rejects.toThrow(/Input\/output error/)
    expect(Buffer.compare(await readDirectly(f.path(0, 'bad'), 0, from), bytes.subarray(0, from))).toBe(0)
    const rest = await readDirectly(f.path(0, 'bad'), end, bytes.byteLength - end)
    expect(Buffer.compare(rest, bytes.subarray(end))).toBe(0)
    expect(Buffer.compare(await readFile(f.path(0, 'good')), patternBytes(3_000_000, 2))).toBe(0)
    expect(f.problems.map(({ path }) => display(path))).toEqual([`0${f.engine.path('bad')}`])
    expect(f.problems[0]?.error).toMatchObject({ code: 'AUTH_FAILED' })
  })

  fuseTest('leaves the keys of the repository as they were', async () => {
    const f = await MountFixture.create(await openStore())
    writeFileSync(f.engine.path('file'), patternBytes(1_000_000, 1))
    await f.engine.backup()
    const before = Buffer.from(f.engine.repository.realm.idKey('data'))
    await f.mount()
    await readFile(f.path(0, 'file'))
    await f.unmount()
    expect(Buffer.from(f.engine.repository.realm.idKey('data'))).toEqual(before)
  })

  fuseTest('reads what a point that came later holds, once it is shown', async () => {
    const f = await MountFixture.create(await openStore())
    writeFileSync(f.engine.path('old'), 'old content')
    await f.engine.backup()
    await f.mount()
    expect(await readFile(f.path(0, 'old'), 'utf8')).toBe('old content')
    writeFileSync(f.engine.path('new'), patternBytes(700_000, 9))
    await f.engine.backup()
    await setTimeout(200)
    expect(Buffer.compare(await readFile(f.path(1, 'new')), patternBytes(700_000, 9))).toBe(0)
    expect(await readFile(f.path(1, 'old'), 'utf8')).toBe('old content')
    expect(f.problems).toEqual([])
  })
})
