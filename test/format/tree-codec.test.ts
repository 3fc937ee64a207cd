import { fc } from '../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import type { ByteString } from '../../src/base/byte-string.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { CborValue } from '../../src/format/cbor.ts'
import { encodeCbor } from '../../src/format/cbor.ts'
import { CborWriter } from '../../src/format/cbor-writer.ts'
import { decodeTree, decodeTreeEntryAt, encodeTree, scanTree } from '../../src/format/tree-codec.ts'
import { encodeTreeEntry } from '../../src/format/tree-entry-codec.ts'
import type { Tree, TreeEntry } from '../../src/format/tree.ts'
import { expectStrictDecoder, mutated, propertyOptions } from './strict-decoder.ts'
import { anyTree } from './tree-arbitraries.ts'

const writer = new CborWriter()

function encodedEntry(entry: TreeEntry): Uint8Array {
  writer.reset()
  encodeTreeEntry(writer, entry)
  return writer.bytes()
}

function encoded({ entries, users, groups }: Tree): Uint8Array {
  return encodeTree({ entries: entries.map(encodedEntry), users, groups })
}

const empty = new Map<number, string>()
const name = new Uint8Array([0x61])
const id = new Uint8Array(32).fill(7)

/** The items of a good file entry, to be spoilt one by one. */
function fileItems(changes: Record<number, CborValue> = {}): CborValue[] {
  const items: CborValue[] = [name, 1, 0o644, 0, 0, 5, 0, 5, 0, null, null, [3, 0, id], new Map()]
  for (const [index, value] of Object.entries(changes)) items[Number(index)] = value
  return items
}

function treeOf(...entries: CborValue[]): Uint8Array {
  return encodeCbor([entries, new Map(), new Map(), new Map()])
}

function bytesNamed(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

describe('the tree codec', () => {
  test('gives back every tree it encoded', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(decodeTree(encoded(tree))).toEqual(tree)
      }),
      propertyOptions({ runs: 300 }),
    )
  })

  test('finds by a scan exactly the entries that it decodes', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        const bytes = encoded(tree)
        const { names, offsets, users, groups } = scanTree(bytes)
        expect(names).toEqual(tree.entries.map((entry) => entry.name))
        expect({ users, groups }).toEqual({ users: tree.users, groups: tree.groups })
        tree.entries.forEach((entry, i) => {
          expect(decodeTreeEntryAt(bytes, offsets[i]!)).toEqual(entry)
          expect(toHex(bytes.subarray(offsets[i], offsets[i + 1]))).toBe(toHex(encodedEntry(entry)))
        })
      }),
      propertyOptions({ runs: 200 }),
    )
  })

  test('splices entries of one tree into another', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        const bytes = encoded(tree)
        const { offsets } = scanTree(bytes)
        const entries = tree.entries.map((_, i) => bytes.subarray(offsets[i], offsets[i + 1]))
        expect(toHex(encodeTree({ ...tree, entries }))).toBe(toHex(bytes))
      }),
      propertyOptions({ runs: 100 }),
    )
  })

  test('returns or refuses, whatever bytes it is given', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      anyTree.chain((tree) => mutated(encoded(tree))),
    )
    fc.assert(
      fc.property(hostile, (bytes) => {
        expectStrictDecoder(() => {
          const tree = decodeTree(bytes)
          // What is accepted has names in order, and the scan agrees.
          expect(scanTree(bytes).names).toEqual(tree.entries.map((entry) => entry.name))
        })
        expectStrictDecoder(() => void scanTree(bytes))
      }),
      propertyOptions({ runs: 500 }),
    )
  })

  test('passes over extensions of later versions', () => {
    const plain = fileItems({ 12: new Map([[4, 16]]) })
    const later = fileItems({
      12: new Map<number, CborValue>([
        [4, 16],
        [5, 'more'],
        [99, [new Map([[1, null]])]],
      ]),
    })
    expect(decodeTree(treeOf(later))).toEqual(decodeTree(treeOf(plain)))
    const ended = encodeCbor([[plain], new Map(), new Map(), new Map([[7, 'more']])])
    expect(decodeTree(ended)).toEqual(decodeTree(treeOf(plain)))
  })

  test('accepts the entry that the refusals below spoil', () => {
    const tree = decodeTree(treeOf(fileItems()))
    expect(tree.entries[0]).toMatchObject({ name: 'a', size: 3, mode: 0o644, flags: 0 })
  })

  test.each([
    ['an empty name', { 0: bytesNamed('') }],
    ['the name .', { 0: bytesNamed('.') }],
    ['the name ..', { 0: bytesNamed('..') }],
    ['a name with a slash', { 0: bytesNamed('a/b') }],
    ['a name with a NUL', { 0: bytesNamed('a\0b') }],
    ['a name of 256 bytes', { 0: new Uint8Array(256).fill(0x61) }],
    ['a name that is text', { 0: 'a' }],
    ['kind 0', { 1: 0 }],
    ['kind 8', { 1: 8 }],
    ['a mode beyond 12 bits', { 2: 0o10000 }],
    ['a user number beyond 32 bits', { 3: 2 ** 32 }],
    ['10^9 nanoseconds', { 6: 1_000_000_000 }],
    ['negative nanoseconds', { 8: -1 }],
    ['half a birth time', { 10: 5 }],
    ['a negative size', { 11: [-1, 0, id] }],
    ['a blob id cut short', { 11: [3, 0, id.subarray(1)] }],
    ['lists above the highest level', { 11: [3, 9, id] }],
    ['a list without ids', { 11: [3, 1, new Uint8Array(0)] }],
    ['a directory without tree blobs', { 1: 2, 11: new Uint8Array(0) }],
    ['an empty symbolic link', { 1: 3, 11: new Uint8Array(0) }],
    ['a symbolic link with a NUL', { 1: 3, 11: bytesNamed('a\0') }],
    ['a pipe with content', { 1: 4, 11: 0 }],
    ['a device with one number', { 1: 6, 11: [1] }],
    [
      'attributes out of order',
      {
        12: new Map([
          [
            1,
            [
              [bytesNamed('b'), id],
              [bytesNamed('a'), id],
            ],
          ],
        ]),
      },
    ],
    [
      'an attribute twice',
      {
        12: new Map([
          [
            1,
            [
              [name, id],
              [name, id],
            ],
          ],
        ]),
      },
    ],
    ['no attributes, spelt out', { 12: new Map([[1, []]]) }],
    ['no flags, spelt out', { 12: new Map([[4, 0]]) }],
    ['a link group of 7 bytes', { 12: new Map([[2, [new Uint8Array(7), 2]]]) }],
    ['a link that counts nothing', { 12: new Map([[2, [new Uint8Array(8), 0]]]) }],
    ['a hole beyond the end', { 12: new Map([[3, [[2, 2]]]]) }],
    ['an empty hole', { 12: new Map([[3, [[1, 0]]]]) }],
    [
      'overlapping holes',
      {
        12: new Map([
          [
            3,
            [
              [0, 2],
              [1, 1],
            ],
          ],
        ]),
      },
    ],
    ['a hole in a pipe', { 1: 4, 11: null, 12: new Map([[3, [[0, 1]]]]) }],
    ['a text key among the extensions', { 12: new Map([['x', 1]]) }],
  ] as [string, Record<number, CborValue>][])('refuses %s', (_, changes) => {
    expect(() => decodeTree(treeOf(fileItems(changes)))).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })

  test('refuses names that are out of order or appear twice', () => {
    const b = fileItems({ 0: bytesNamed('b') })
    expect(decodeTree(treeOf(fileItems(), b)).entries).toHaveLength(2)
    for (const bytes of [treeOf(b, fileItems()), treeOf(b, b)]) {
      expect(() => decodeTree(bytes)).toThrow('ascending')
      expect(() => scanTree(bytes)).toThrow('ascending')
    }
  })

  test('compares names as bytes, the shorter first', () => {
    const names = ['A', 'a', 'a.b', 'ab', '\u00ff']
    const bytes = treeOf(...names.map((text) => fileItems({ 0: bytesNamed(text) })))
    expect(scanTree(bytes).names).toEqual(names)
  })

  test('treats an entry that no directory can hold as a bug', () => {
    const [entry] = decodeTree(treeOf(fileItems())).entries
    expect(() => encodedEntry({ ...entry!, name: '../x' as ByteString })).toThrow('a name that a directory can hold')
    expect(() => encodedEntry({ ...entry!, mode: 0o10000 })).toThrow('12 bits')
  })

  test('makes an empty tree of nothing', () => {
    expect(decodeTree(encodeTree({ entries: [], users: empty, groups: empty }))).toEqual({
      entries: [],
      users: empty,
      groups: empty,
    })
  })
})
