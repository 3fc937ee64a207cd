import { byteStringOf } from '../../src/base/byte-string.ts'
import type { ObjectId, PointId } from '../../src/base/ids.ts'
import type { Change } from '../../src/engine/source.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'
import type { Dice } from './dice.ts'

/** The files of a source or a point: by path, which of the contents. */
export type Files = ReadonlyMap<string, number>
/** What a point must hold; of a copy, that depends on which point it is of. */
export type FilesOf = (point: PointId) => Files

const CONTENTS = 9
const CONTENT_BYTES = { low: 300, high: 2600 }
const PATHS = ['/a', '/b', '/c', '/d/a', '/d/b', '/d/e/a', '/d/e/b', '/f/a', '/f/b']
const modified = { seconds: 1_600_000_000, nanoseconds: 0 }

/** What became of a point since its record was put. */
export type Fate = 'committing' | 'committed' | 'void'

export interface ModelPoint {
  readonly object: ObjectId
  readonly filesOf: FilesOf
  /** Who made it. */
  readonly writer: string
  fate: Fate
  /** Somebody asked for it to be forgotten, so that it may be gone from then on. */
  mayGo: boolean
}

/** What must be true: which points there are, and what is in them. */
export class Model {
  readonly points = new Map<ObjectId, ModelPoint>()
  readonly #contents: readonly Uint8Array[]

  constructor(seed: number) {
    const randomness = seededRandomness(`contents ${seed}`)
    this.#contents = Array.from({ length: CONTENTS }, (_, i) =>
      randomness.bytes(CONTENT_BYTES.low + ((i * 397) % (CONTENT_BYTES.high - CONTENT_BYTES.low))),
    )
  }

  content(index: number): Uint8Array {
    const content = this.#contents[index]
    if (content === undefined) throw new Error('there is no such content')
    return content
  }

  /** Changes some files, of contents that other machines have as well, or that were there long ago. */
  mutate(files: Files, dice: Dice): Files {
    const next = new Map(files)
    const changes = files.size === 0 ? 5 : dice.below(4)
    for (let i = 0; i < changes; i++) {
      const path = dice.pick(PATHS)
      if (files.size > 0 && dice.chance(0.35)) next.delete(path)
      else next.set(path, dice.below(CONTENTS))
    }
    if (next.size === 0) next.set(dice.pick(PATHS), dice.below(CONTENTS))
    return next
  }

  /** Returns what makes `before` into `after`. */
  async *changes(before: Files, after: Files): AsyncGenerator<Change> {
    for (const path of before.keys()) if (!after.has(path)) yield { kind: 'delete', path: byteStringOf(path) }
    for (const [path, index] of after) {
      if (before.get(path) === index) continue
      yield { kind: 'put', path: byteStringOf(path), modified, open: () => once(this.content(index)) }
    }
  }

  /** Points that must be whole now. */
  required(): ModelPoint[] {
    return [...this.points.values()].filter(({ fate, mayGo }) => fate === 'committed' && !mayGo)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
