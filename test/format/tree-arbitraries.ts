import { fc } from '../support/fast-check.ts'
import type { ByteString } from '../../src/base/byte-string.ts'
import { byteString } from '../../src/base/byte-string.ts'
import type { Timespec } from '../../src/base/clock.ts'
import type { Hole, Tree, TreeEntry } from '../../src/format/tree.ts'

/** Names as file systems have them: any bytes but NUL and slash. */
const entryName: fc.Arbitrary<ByteString> = fc
  .oneof(
    { weight: 9, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 40 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 200, maxLength: 255 }) },
  )
  .map((bytes) => byteString(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x41 : byte))))
  .filter((name) => name !== '.' && name !== '..')

const time: fc.Arbitrary<Timespec> = fc.record({
  seconds: fc.oneof(fc.integer(), fc.maxSafeInteger()),
  nanoseconds: fc.nat({ max: 999_999_999 }),
})

function blobIds(count: { minLength: number; maxLength: number }): fc.Arbitrary<Uint8Array> {
  const id = fc.uint8Array({ minLength: 32, maxLength: 32 })
  return fc.array(id, count).map((ids) => new Uint8Array(Buffer.concat(ids)))
}

const uint32 = fc.nat({ max: 0xffff_ffff })

const common = {
  name: entryName,
  mode: fc.nat({ max: 0o7777 }),
  uid: uint32,
  gid: uint32,
  mtime: time,
  ctime: time,
  birth: fc.option(time, { nil: undefined }),
  xattrs: fc
    .uniqueArray(fc.record({ name: entryName, value: fc.uint8Array({ maxLength: 300 }) }), {
      maxLength: 3,
      selector: ({ name }) => name,
    })
    .map((xattrs) => xattrs.sort((a, b) => (a.name < b.name ? -1 : 1))),
  flags: fc.oneof(fc.constant(0), uint32),
  link: fc.option(
    fc.record({ group: fc.uint8Array({ minLength: 8, maxLength: 8 }).map(byteString), count: fc.integer({ min: 1 }) }),
    { nil: undefined },
  ),
}

function holesOf(gaps: readonly (readonly [number, number])[]): Hole[] {
  let end = 0
  return gaps.map(([gap, length]) => {
    const offset = end + gap
    end = offset + length
    return { offset, length }
  })
}

const holes = fc.array(fc.tuple(fc.nat({ max: 2 ** 31 - 1 }), fc.integer({ min: 1 })), { maxLength: 3 }).map(holesOf)

const file = fc
  .record({ ...common, holes, tail: fc.nat(), level: fc.nat({ max: 2 }), ids: blobIds({ minLength: 1, maxLength: 4 }) })
  .map(({ holes: list, tail, level, ids, ...rest }): TreeEntry => {
    const last = list.at(-1)
    const size = (last === undefined ? 0 : last.offset + last.length) + tail
    return { kind: 'file', ...rest, size, holes: list, content: { level, ids } }
  })

const treeEntry: fc.Arbitrary<TreeEntry> = fc.oneof(
  file,
  fc.record({ ...common, kind: fc.constant('dir' as const), trees: blobIds({ minLength: 1, maxLength: 3 }) }),
  fc.record({ ...common, kind: fc.constant('symlink' as const), target: entryName }),
  fc.record({ ...common, kind: fc.constantFrom('char' as const, 'block' as const), major: uint32, minor: uint32 }),
  fc.record({ ...common, kind: fc.constantFrom('fifo' as const, 'socket' as const) }),
)

const owners = fc
  .array(fc.tuple(uint32, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 })), { maxLength: 5 })
  .map((pairs) => new Map(pairs))

export const anyTree: fc.Arbitrary<Tree> = fc.record({
  entries: fc
    .uniqueArray(treeEntry, { maxLength: 12, selector: ({ name }) => name })
    .map((entries) => entries.sort((a, b) => (a.name < b.name ? -1 : 1))),
  users: owners,
  groups: owners,
})
