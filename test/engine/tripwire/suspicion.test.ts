import { describe, expect, test } from 'vitest'
import { suspicionsOf } from '../../../src/engine/tripwire/suspicion.ts'
import type { PointCounts } from '../../../src/format/records.ts'
import type { PointInfo } from '../../../src/repository/point-info.ts'
import { pointAt } from '../forget/points.ts'

const MIB = 1 << 20

/** What a run met and stored; what is absent is 0. Texts compress, photos do not. */
interface Night {
  readonly filesNew?: number
  readonly filesChanged?: number
  readonly filesRemoved?: number
  readonly textBytes?: number
  readonly photoBytes?: number
  /** As many as files came or changed, if absent. */
  readonly blobsStored?: number
}

/** Makes nights into points of one chain, the first of which holds what `first` stored. */
class Chain {
  readonly points: PointInfo[] = []
  #files = 0
  #bytes = 0

  constructor(...nights: readonly Night[]) {
    for (const night of nights) this.add(night)
  }

  add(night: Night): void {
    const counts = this.#counts(night)
    const { textBytes = 0, photoBytes = 0, filesNew = 0 } = night
    this.#files = counts.files
    if (filesNew > 0) this.#bytes += textBytes + photoBytes
    const sequence = this.points.length + 1
    const { record, ...info } = pointAt('2026-06-01T03:00Z', sequence)
    const parents = this.points.slice(-1).map((point) => ({ point: point.record.point, hash: point.innerHash }))
    const tripwire = { contentBytes: textBytes + photoBytes, incompressibleBytes: photoBytes, suspicions: [] }
    this.points.push({ ...info, record: { ...record, parents, counts, bytes: this.#bytes, tripwire } })
  }

  /** Returns how many files are said to have changed to what cannot be compressed; `undefined` when nothing is said. */
  encrypted(night: Night): number | undefined {
    const { textBytes = 0, photoBytes = 0 } = night
    const content = { contentBytes: textBytes + photoBytes, incompressibleBytes: photoBytes }
    return suspicionsOf(this.#counts(night), content, this.points).find(({ reason }) => reason === 'incompressible')
      ?.found
  }

  #counts(night: Night): PointCounts {
    const { filesNew = 0, filesChanged = 0, filesRemoved = 0 } = night
    const files = this.#files + filesNew - filesRemoved
    const filesUnchanged = files - filesNew - filesChanged
    const { blobsStored = filesNew + filesChanged } = night
    const rest = { dirs: 0, others: 0, bytesRead: 0, bytesStored: 0 }
    return { files, filesNew, filesChanged, filesUnchanged, filesRemoved, blobsStored, ...rest }
  }
}

/** A home with 300 documents that are a thousandth to two thirds of its bytes. */
function homeWith(photoMiB: number): Chain {
  return new Chain({ filesNew: 300 + 60, textBytes: 3 * MIB, photoBytes: photoMiB * MIB })
}

describe('documents that are encrypted are noticed, whatever weighs more', () => {
  test.each([2, 12, 100, 3000])('%i MiB of photos that did not change', (photoMiB) => {
    expect(homeWith(photoMiB).encrypted({ filesChanged: 300, photoBytes: 3 * MIB })).toBe(300)
    expect(homeWith(photoMiB).encrypted({ filesNew: 300, filesRemoved: 300, photoBytes: 3 * MIB })).toBe(300)
  })

  test.each([2, 12, 100, 3000])('%i MiB of photos that were encrypted, too', (photoMiB) => {
    expect(homeWith(photoMiB).encrypted({ filesChanged: 360, photoBytes: (3 + photoMiB) * MIB })).toBe(360)
  })

  test('nights of imported photos and a few documents', () => {
    const chain = homeWith(100)
    for (let i = 0; i < 8; i++) chain.add({ filesNew: 10, filesChanged: 2, textBytes: MIB / 50, photoBytes: 20 * MIB })
    expect(chain.encrypted({ filesNew: 10, filesChanged: 300, photoBytes: 23 * MIB })).toBe(300)
  })

  test('a dump of each night, which compresses or does not', () => {
    for (const dump of [{ textBytes: 500 * MIB }, { photoBytes: 500 * MIB }]) {
      const chain = homeWith(12)
      for (let i = 0; i < 6; i++) chain.add({ filesChanged: 1, blobsStored: 400, ...dump })
      const { textBytes, photoBytes = 0 } = { textBytes: 0, ...dump }
      const night = { filesChanged: 301, blobsStored: 700, textBytes, photoBytes: photoBytes + 3 * MIB }
      expect(chain.encrypted(night)).toBe(301)
    }
  })

  test('the first points are forgotten', () => {
    const chain = homeWith(100)
    for (let i = 0; i < 8; i++) chain.add({ filesNew: 1, filesChanged: 2, textBytes: MIB / 20, photoBytes: MIB })
    chain.points.splice(0, 3)
    expect(chain.encrypted({ filesChanged: 300, photoBytes: 3 * MIB })).toBe(300)
  })
})

describe('what is as it should be is left alone', () => {
  const quiet: readonly [string, Chain, Night][] = [
    ['a first backup', new Chain(), { filesNew: 400, photoBytes: 900 * MIB }],
    ['an import of photos', homeWith(12), { filesNew: 500, filesChanged: 3, photoBytes: 900 * MIB }],
    ['a large archive', homeWith(12), { filesNew: 1, photoBytes: 9000 * MIB, blobsStored: 9000 }],
    ['photos that are edited', homeWith(100), { filesChanged: 60, photoBytes: 100 * MIB }],
    [
      'a library of photos alone',
      new Chain({ filesNew: 60, photoBytes: 100 * MIB }),
      { filesChanged: 60, photoBytes: 100 * MIB },
    ],
    ['documents that all change', homeWith(12), { filesChanged: 300, textBytes: 3 * MIB }],
    [
      'documents and photos that all change',
      homeWith(30),
      { filesChanged: 360, textBytes: 3 * MIB, photoBytes: 30 * MIB },
    ],
    [
      'a folder of which only modes changed, beside a large archive',
      homeWith(12),
      { filesNew: 1, filesChanged: 360, photoBytes: 90 * MIB, blobsStored: 90 },
    ],
    ['as many files as nearly every night', nightly(), { filesChanged: 300, photoBytes: 3 * MIB }],
  ]
  test.each(quiet)('%s', (_, chain, night) => {
    expect(chain.encrypted(night)).toBeUndefined()
  })

  function nightly(): Chain {
    const chain = homeWith(2)
    for (let i = 0; i < 5; i++) chain.add({ filesChanged: 290, textBytes: 3 * MIB })
    return chain
  }
})
