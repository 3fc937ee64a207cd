import { describe, expect, test } from 'vitest'
import { NodeTable, READERS_SHARE, virtualRow } from '../../../fuse/tree/node-table.ts'
import { seededRandomness } from '../../support/seeded-randomness.ts'

const ROOT = 1

function table(nodesMax = 1000): NodeTable {
  return NodeTable.create(7, nodesMax)
}

describe('the table of nodes', () => {
  test('has the root, which is never forgotten', () => {
    const nodes = table()
    expect([nodes.live, nodes.isLive(ROOT), nodes.ino(ROOT), nodes.row(ROOT)]).toEqual([1, true, 7, virtualRow(0)])
    nodes.forget(ROOT, 100)
    expect(nodes.isLive(ROOT)).toBe(true)
  })

  test('gives a row of a directory the same node for as long as it lives', () => {
    const nodes = table()
    const node = nodes.lookUp(ROOT, 5, 55)
    expect(nodes.lookUp(ROOT, 5, 55)).toBe(node)
    expect(nodes.lookUp(ROOT, 6, 66)).not.toBe(node)
    expect([nodes.parent(node), nodes.row(node), nodes.ino(node)]).toEqual([ROOT, 5, 55])
  })

  test('keeps numbers of 53 bits exact', () => {
    const nodes = table()
    expect(nodes.ino(nodes.lookUp(ROOT, 0, 2 ** 53 - 1))).toBe(2 ** 53 - 1)
  })

  test('lets go of a node once every look-up is forgotten, not before', () => {
    const nodes = table()
    const node = nodes.lookUp(ROOT, 5, 55)
    nodes.lookUp(ROOT, 5, 55)
    nodes.forget(node, 1)
    expect(nodes.isLive(node)).toBe(true)
    nodes.forget(node, 1)
    expect(nodes.isLive(node)).toBe(false)
    expect(nodes.live).toBe(1)
  })

  test('keeps a directory for as long as something in it lives, in whatever order they are forgotten', () => {
    const nodes = table()
    const directory = nodes.lookUp(ROOT, 0, 10)
    const inner = nodes.lookUp(directory, 0, 11)
    const file = nodes.lookUp(inner, 0, 12)
    nodes.forget(directory, 1)
    nodes.forget(inner, 1)
    expect([directory, inner, file].map((node) => nodes.isLive(node))).toEqual([true, true, true])
    nodes.forget(file, 1)
    expect([directory, inner, file].map((node) => nodes.isLive(node))).toEqual([false, false, false])
  })

  test('passes over what was never looked up and what was forgotten already', () => {
    const nodes = table()
    const node = nodes.lookUp(ROOT, 5, 55)
    for (const wrong of [0, 2 ** 40, 999, -3, 1.5]) nodes.forget(wrong, 1)
    nodes.forget(node, 2 ** 60)
    nodes.forget(node, 1)
    expect(nodes.live).toBe(1)
  })

  test('has no node to give when all are in use, and one again when one is forgotten', () => {
    const nodes = table(4)
    const some = [0, 1, 2].map((row) => nodes.lookUp(ROOT, row, row))
    expect(nodes.lookUp(ROOT, 3, 3)).toBe(0)
    expect(nodes.lookUp(ROOT, 1, 1)).toBe(some[1])
    nodes.forget(some[2]!, 1)
    expect(nodes.lookUp(ROOT, 3, 3)).toBeGreaterThan(0)
  })

  test('leaves the last nodes to the thread that must have one', () => {
    const nodes = table(32)
    const reader = new NodeTable(nodes.buffer, READERS_SHARE)
    const looked = Array.from({ length: 32 }, (_, row) => reader.lookUp(ROOT, row, row))
    expect(looked.filter((node) => node !== 0)).toHaveLength(29)
    expect(reader.lookUp(ROOT, 0, 0)).toBe(looked[0])
    expect(nodes.lookUp(ROOT, 31, 31)).toBeGreaterThan(0)
  })

  test('counts the nodes that stand for a virtual entry', () => {
    const nodes = table()
    const node = nodes.lookUp(ROOT, virtualRow(9), 1)
    expect(nodes.holders(9)).toBe(1)
    nodes.forget(node, 1)
    expect(nodes.holders(9)).toBe(0)
  })

  test('knows whether a read goes on about where the last one ended, beyond 4 GiB as well', () => {
    const nodes = table()
    const node = nodes.lookUp(ROOT, 0, 1)
    const far = 5 * 2 ** 32
    expect(nodes.isSequential(node, far, far + 8192)).toBe(false)
    expect(nodes.isSequential(node, far + 8192, far + 12_288)).toBe(true)
    expect(nodes.isSequential(node, far + (1 << 20), far + (2 << 20))).toBe(true)
    expect(nodes.isSequential(node, far + 12_288, far + (1 << 20))).toBe(true)
    expect(nodes.isSequential(node, far + (4 << 20), far + (5 << 20))).toBe(false)
    expect(nodes.isSequential(node, far, far + 4096)).toBe(false)
  })

  test('agrees with a plain map about many look-ups and forgets in random order', () => {
    const random = seededRandomness('node table')
    const nodes = table(60)
    const lookups = new Map<number, { parent: number; row: number; count: number }>([
      [ROOT, { parent: 0, row: -1, count: 1 }],
    ])
    const isHeld = (node: number): boolean =>
      node === ROOT ||
      lookups.get(node)!.count > 0 ||
      [...lookups].some(([child, { parent }]) => parent === node && isHeld(child))
    for (let step = 0; step < 1500; step++) {
      const bytes = random.bytes(4)
      const all = [...lookups.keys()]
      const node = all[bytes[0]! % all.length]!
      if (bytes[1]! % 2 === 0) {
        const row = bytes[2]! % 7
        const child = nodes.lookUp(node, row, step)
        if (child === 0) expect(lookups.size).toBe(60)
        else {
          const known = lookups.get(child)
          expect(known === undefined || (known.parent === node && known.row === row)).toBe(true)
          lookups.set(child, { parent: node, row, count: (known?.count ?? 0) + 1 })
        }
      } else {
        const count = Math.min(lookups.get(node)!.count, 1 + (bytes[3]! % 3))
        nodes.forget(node, count)
        lookups.get(node)!.count -= count
        for (const each of [...lookups.keys()].reverse()) if (!isHeld(each)) lookups.delete(each)
      }
      expect(nodes.live).toBe(lookups.size)
    }
    for (const node of lookups.keys()) expect(nodes.isLive(node)).toBe(true)
  })
})
