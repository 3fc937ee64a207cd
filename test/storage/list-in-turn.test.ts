import { expect, test } from 'vitest'

import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { DriverCapabilities, ListKinds, ObjectInfo, ObjectKind } from '../../src/storage/driver.ts'
import { listInTurn } from '../../src/storage/list-in-turn.ts'
import { freshName } from '../support/objects.ts'

/** Tells how it was asked to list. */
class AskedDriver extends MemoryDriver {
  readonly asked: string[] = []
  override readonly capabilities: DriverCapabilities
  readonly listKinds: ListKinds = (kinds) => this.#listKinds(kinds)

  constructor(cheapCalls: boolean) {
    super()
    this.capabilities = { exclusivePut: true, persistent: false, concurrency: 64, cheapCalls }
  }

  override list(kind: ObjectKind): AsyncGenerator<ObjectInfo> {
    this.asked.push(kind)
    return super.list(kind)
  }

  async *#listKinds(kinds: readonly ObjectKind[]): AsyncGenerator<ObjectInfo> {
    this.asked.push(kinds.join('+'))
    for (const kind of kinds) yield* super.list(kind)
  }
}

test.each([
  [false, [['points', 'notes']], ['points+notes']],
  [true, [['points', 'notes']], ['points', 'notes']],
  [true, [['index'], ['points']], ['index+points']],
] as const)('with cheap calls: %s, %j is asked for as %j, and all of it told', async (cheapCalls, groups, asked) => {
  const driver = new AskedDriver(cheapCalls)
  const names = groups.flat().map((kind) => freshName(kind))
  for (const name of names) await driver.put(name, [utf8('x')])
  const listed: Partial<Record<ObjectKind, readonly ObjectInfo[]>> = await listInTurn<ObjectKind>(driver, groups)
  expect(driver.asked).toEqual(asked)
  for (const name of names) expect(listed[name.kind]).toEqual([{ name, bytes: 1 }])
})
