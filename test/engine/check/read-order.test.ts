import { fc } from '../../support/fast-check.ts'
import { expect, test } from 'vitest'
import { type ObjectId, hexId } from '../../../src/base/ids.ts'
import { planReading, type ReadablePack, type ReadPosition } from '../../../src/engine/check/read-order.ts'
import { propertyOptions } from '../../format/strict-decoder.ts'

const packs = fc
  .uniqueArray(fc.record({ id: fc.nat({ max: 255 }), bytes: fc.integer({ min: 1, max: 1000 }) }), {
    selector: ({ id }) => id,
    minLength: 1,
    maxLength: 30,
  })
  .map((list) => list.map(({ id, bytes }): ReadablePack => ({ id: idOf(id), bytes })))

function idOf(byte: number): ObjectId {
  return hexId(new Uint8Array(32).fill(byte))
}

test('samples one after the other cover all packs, in no more rounds than their size asks for', () => {
  fc.assert(
    fc.property(packs, fc.integer({ min: 1, max: 99 }), (all, percent) => {
      const seen = new Set<ObjectId>()
      let position: ReadPosition | undefined
      let rounds = 0
      let end = 0
      const total = all.reduce((sum, { bytes }) => sum + bytes, 0)
      while (seen.size < all.length) {
        const plan = planReading(all, percent, position)
        expect(plan.packs.length).toBeGreaterThan(0)
        // Each begins where the one before ended, round and round.
        expect(plan.bytesBefore).toBe(end)
        end = (end + plan.packs.reduce((sum, { bytes }) => sum + bytes, 0)) % total
        for (const { id } of plan.packs) seen.add(id)
        position = { last: plan.packs.at(-1)!.id, until: undefined }
        rounds++
      }
      expect(rounds).toBeLessThanOrEqual(Math.ceil(100 / percent) + 1)
    }),
    propertyOptions({ runs: 300 }),
  )
})

test('a round through everything reads each pack once, however often it is interrupted, and whatever came and went', () => {
  fc.assert(
    fc.property(packs, packs, fc.nat(), fc.nat({ max: 255 }), (all, others, stop, from) => {
      const start: ReadPosition = { last: idOf(from), until: undefined }
      const first = planReading(all, 100, start)
      expect(first).toMatchObject({ before: 0, packs: { length: all.length } })
      const read = first.packs.slice(0, 1 + (stop % all.length))
      if (read.length === all.length) return
      const position = { last: read.at(-1).id, until: first.packs.at(-1)!.id }
      const rest = planReading(all, 100, position)
      expect([...read, ...rest.packs]).toEqual(first.packs)
      expect(rest.before).toBe(read.length)
      // Other packs, as after a prune: nothing of what lies ahead is left out.
      const isAhead = (id: ObjectId): boolean => {
        const { last, until } = position
        return last < until ? id > last && id <= until : id > last || id <= until
      }
      const ahead = others.filter(({ id }) => isAhead(id)).map(({ id }) => id)
      expect(new Set(planReading(others, 100, position).packs.map(({ id }) => id))).toEqual(new Set(ahead))
    }),
    propertyOptions({ runs: 300 }),
  )
})
