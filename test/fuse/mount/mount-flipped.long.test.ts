import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'

import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { errnoOf } from '../../../src/base/errors.ts'
import { closeSharedPool } from '../../support/engine-fixture.ts'
import { fuseTest } from '../../support/fuse-test.ts'
import { MountFixture } from '../../support/mount-fixture.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { seededRandomness } from '../../support/seeded-randomness.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** Of each pack: so many bytes at either end, where header, footer and its length are, and so many regions between. */
const EDGE_OFFSETS = [0, 3, 8, 20, 50, 90, 150]
const REGIONS = 16
const seed = String(Date.now())

afterAll(closeSharedPool)

fuseTest(`a bit that is flipped in any region of a pack never makes a wrong byte (seed ${seed})`, async () => {
  const random = seededRandomness(seed)
  const store = temporaryFolder()
  const f = await MountFixture.create(await openLocalDriver({ root: store }))
  const files = new Map<string, Uint8Array>()
  for (let i = 0; i < 30; i++) files.set(`small ${i}`, patternBytes(1000 + i * 997, i))
  files.set('text', Buffer.from('a line of text that compresses\n'.repeat(40_000)))
  files.set('large', patternBytes(3_000_000, 99))
  mkdirSync(f.engine.path('folder'))
  for (const [name, bytes] of files) writeFileSync(f.engine.path('folder', name), bytes)
  await f.engine.backup()
  let failures = 0
  for (const pack of packsIn(store)) {
    const sound = readFileSync(pack)
    for (const offset of offsetsIn(sound.byteLength)) {
      const flipped = Uint8Array.from(sound)
      const bit = 1 << ((random.bytes(1)[0] ?? 0) % 8)
      flipped[offset] = (flipped[offset] ?? 0) ^ bit
      writeFileSync(pack, flipped)
      await f.engine.loseCache()
      await f.mount()
      for (const [name, bytes] of files) {
        const read = await readFile(f.path(0, 'folder', name)).catch(errnoOf)
        if (read === 'EIO') failures++
        else expect([name, offset, Buffer.compare(read as Buffer, bytes)]).toEqual([name, offset, 0])
      }
      await f.unmount()
    }
    writeFileSync(pack, sound)
  }
  // Most bytes are those of frames.
  expect(failures).toBeGreaterThan(REGIONS)
})

function packsIn(store: string): string[] {
  const folder = join(store, 'packs')
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function offsetsIn(bytes: number): number[] {
  const edges = EDGE_OFFSETS.flatMap((offset) => [offset, bytes - 1 - offset])
  const regions = Array.from({ length: REGIONS }, (_, i) => Math.floor(((i + 0.5) * bytes) / REGIONS))
  return [...new Set([...edges, ...regions])].filter((offset) => offset >= 0 && offset < bytes)
}
