import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RepositoryId } from '../../src/base/ids.ts'
import { FrameDiskCache, type StoredFrame } from '../../src/repository/frame-disk-cache.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import { objectNamed } from '../support/objects.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const REPOSITORY = '00'.repeat(16) as RepositoryId
const FRAME_BYTES = 100
const HOUR_S = 3600

class Fixture {
  readonly #directory = temporaryFolder()
  readonly folder = join(this.#directory, REPOSITORY)

  open(bytesMax: number): FrameDiskCache {
    const machineKey = new Uint8Array(32)
    return new FrameDiskCache(
      LocalCache.open({ directory: this.#directory, repository: REPOSITORY, machineKey }),
      bytesMax,
    )
  }

  /** Lets all that is kept now have been used an hour earlier than it was. */
  age(): void {
    const then = Date.now() / 1000 - HOUR_S
    for (const name of readdirSync(this.folder)) utimesSync(join(this.folder, name), then, then)
  }
}

function frame(number: number): StoredFrame {
  return { pack: objectNamed('pack').id, offset: number * FRAME_BYTES, storedBytes: FRAME_BYTES }
}

function sealed(number: number): Uint8Array {
  return patternBytes(FRAME_BYTES, number)
}

describe('frames kept on disk', () => {
  test('are there for the next process, by pack and offset', () => {
    const f = new Fixture()
    f.open(1000).keep(frame(1), sealed(1))
    const other = f.open(1000)
    expect(other.read(frame(1))).toEqual(sealed(1))
    expect(other.read(frame(2))).toBeUndefined()
    expect(other.read({ ...frame(1), storedBytes: FRAME_BYTES - 1 })).toBeUndefined()
  })

  test('make room for others, those used longest ago first, and stay within their bound', () => {
    const f = new Fixture()
    const cache = f.open(3 * FRAME_BYTES)
    for (const number of [1, 2, 3]) cache.keep(frame(number), sealed(number))
    f.age()
    expect(cache.read(frame(1))).toEqual(sealed(1))
    cache.keep(frame(4), sealed(4))
    expect([1, 2, 3, 4].map((number) => cache.read(frame(number)) !== undefined)).toEqual([true, false, false, true])
  })

  test('of other processes count, and one that alone is too large is not kept', () => {
    const f = new Fixture()
    for (const number of [1, 2, 3]) f.open(3 * FRAME_BYTES).keep(frame(number), sealed(number))
    f.age()
    f.open(3 * FRAME_BYTES).keep(frame(4), sealed(4))
    expect(readdirSync(f.folder).length).toBeLessThanOrEqual(3)
    const small = f.open(FRAME_BYTES - 1)
    small.keep(frame(5), sealed(5))
    expect(small.read(frame(5))).toBeUndefined()
  })

  test('are absent when they are damaged, until they are kept again', () => {
    const f = new Fixture()
    const cache = f.open(1000)
    cache.keep(frame(1), sealed(1))
    const [name = ''] = readdirSync(f.folder)
    writeFileSync(join(f.folder, name), 'damaged', { flag: 'r+' })
    expect(cache.read(frame(1))).toBeUndefined()
    cache.keep(frame(1), sealed(1))
    expect(cache.read(frame(1))).toEqual(sealed(1))
  })
})
