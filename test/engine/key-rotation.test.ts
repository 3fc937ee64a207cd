import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { present } from '../../src/base/assert.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { KEY_UPDATE_BYTES } from '../../src/format/key-update.ts'
import { openWithKeys, type Repository } from '../../src/repository/repository.ts'
import { addSlot, removeSlot, rotateKeys } from '../../src/repository/slot-changes.ts'
import { listIds } from '../../src/repository/stored-object.ts'
import { keyFile, OWNER, SharedRepository } from '../support/shared-repository.ts'
import { testPorts } from '../support/test-machine.ts'
import { closeRealms } from '../support/two-realms.ts'

const SECOND = keyFile(2)
const LAPTOP = keyFile(3)

afterAll(closeRealms)

async function rotate(shared: SharedRepository): Promise<{ generation: number; slots: number }> {
  return rotateKeys(shared.changing(await shared.owner.reopen()))
}

function sourceIn({ folder }: SharedRepository): string {
  const source = join(folder, 'source')
  mkdirSync(source, { recursive: true })
  writeFileSync(join(source, 'file'), 'kept through the rotation '.repeat(4000))
  return source
}

/** Ids of the updates of key sets in the store. */
async function updatesIn({ driver }: SharedRepository): Promise<string[]> {
  const ids: string[] = []
  for await (const { name, bytes } of driver.list('keys')) if (bytes === KEY_UPDATE_BYTES) ids.push(name.id)
  return ids.sort()
}

async function points(repository: Repository): Promise<{ found: number; alarms: string[] }> {
  const chain = await repository.chain({ reload: true })
  return { found: chain.points.length, alarms: chain.alarms.map(({ code }) => code) }
}

test('every slot opens the new generation with what it opened with before', async () => {
  const shared = await SharedRepository.create()
  await addSlot(shared.changing(await shared.owner.reopen()), { secret: SECOND, label: '' })
  await shared.backupOnly('laptop', LAPTOP)
  expect(await rotate(shared)).toEqual({ generation: 2, slots: 3 })
  expect(await rotate(shared)).toEqual({ generation: 3, slots: 3 })
  const [owner, second, laptop] = [await shared.open(OWNER), await shared.open(SECOND), await shared.open(LAPTOP)]
  expect(second.ring.realm().metadataKey(3)).toEqual(owner.ring.realm().metadataKey(3))
  const realm = laptop.ring.realm()
  expect(realm.generation).toBe(3)
  expect(realm.metadataKey(3)).toEqual(owner.ring.realm(realm.realm).metadataKey(3))
  expect(realm.sealingPublicKey()).toEqual(owner.ring.realm(realm.realm).sealingPublicKey())
})

test('old points stay readable, and what they hold is not stored again', async () => {
  const shared = await SharedRepository.create()
  const laptop = await shared.backupOnly('laptop', LAPTOP)
  const source = sourceIn(shared)
  await shared.owner.backup(source)
  await laptop.backup(source)
  await rotate(shared)
  writeFileSync(join(source, 'new'), 'new')
  for (const machine of [shared.owner, laptop]) {
    machine.forget()
    expect(await machine.backup(source)).toMatchObject({ type: 'incremental', filesNew: expect.any(Number) as number })
  }
  const owner = await shared.owner.reopen()
  expect(await points(owner)).toEqual({ found: 4, alarms: [] })
  const stored = (await owner.chain()).points.filter(({ record }) => record.parents.length > 0)
  for (const { record } of stored) expect(record.counts.blobsStored).toBeLessThan(10)
  expect(await points(await laptop.reopen())).toEqual({ found: 2, alarms: [] })
})

test('the holder of a removed slot reads nothing new, with all its old keys and the whole store', async () => {
  const shared = await SharedRepository.create()
  const { driver } = shared
  const id = await addSlot(shared.changing(await shared.owner.reopen()), { secret: SECOND, label: '' })
  const source = sourceIn(shared)
  await shared.owner.backup(source)
  const kept = await shared.open(SECOND)
  const before = new Set([...(await listIds(driver, 'points')), ...(await listIds(driver, 'index'))])
  await removeSlot(shared.changing(await shared.owner.reopen()), id)
  await rotate(shared)
  writeFileSync(join(source, 'new'), 'what came after he had left')
  await shared.owner.backup(source)
  const thief = await openWithKeys(kept, testPorts(driver))
  for (const kind of ['points', 'index'] as const) {
    for (const object of await listIds(driver, kind)) {
      const read = thief.records.get(kind, object)
      if (before.has(object)) await expect(read).resolves.toMatchObject({ id: object })
      else await expect(read).rejects.toMatchObject({ code: 'WRONG_KEY' })
    }
  }
  // What he has in hand opens no new writer key either: the owner's index says which they are.
  const index = await (await shared.owner.reopen()).index()
  const newer = index.packs.writerKeys.filter(({ generation }) => generation === 2)
  expect(newer.length).toBeGreaterThan(0)
  for (const { sealed } of newer) {
    for (const generation of [1, 2]) {
      const code = generation === 1 ? 'AUTH_FAILED' : 'WRONG_KEY'
      expect(() => kept.ring.realm().openWriterKey(kept.repository, generation, sealed)).toThrow(
        expect.objectContaining({ code }),
      )
    }
  }
  // No update was made for him.
  await expect(shared.open(SECOND)).rejects.toMatchObject({ code: 'WRONG_KEY' })
})

test('whoever has older keys still open cannot change slots with them', async () => {
  const shared = await SharedRepository.create()
  const stale = shared.changing(await shared.owner.reopen())
  await rotate(shared)
  await expect(addSlot(stale, { secret: SECOND, label: '' })).rejects.toMatchObject({ retry: 'transient' })
  await expect(rotateKeys(stale)).rejects.toMatchObject({ retry: 'transient' })
  expect((await shared.open(OWNER)).config.generation).toBe(2)
})

test('a rotation that was interrupted before its config changes nothing; the next change clears it away', async () => {
  const shared = await SharedRepository.create()
  const owner = await shared.owner.reopen()
  const configs = await listIds(shared.driver, 'config')
  await rotateKeys(shared.changing(owner))
  // As if the process had died once the updates were put.
  for (const id of await listIds(shared.driver, 'config')) {
    if (!configs.includes(id)) await shared.driver.remove({ kind: 'config', id })
  }
  const [left] = await updatesIn(shared)
  expect((await shared.open(OWNER)).ring.realm().generation).toBe(1)
  await rotate(shared)
  expect((await shared.open(OWNER)).ring.realm().generation).toBe(2)
  const updates = await updatesIn(shared)
  expect(updates).toHaveLength(1)
  expect(updates).not.toContain(left)
})

test('updates of key sets do not pile up', async () => {
  const shared = await SharedRepository.create()
  for (let i = 0; i < 4; i++) await rotate(shared)
  // Of the newest config and the one before it.
  expect(await updatesIn(shared)).toHaveLength(2)
})

test('a config that is lost after a rotation is made anew with the newest generation', async () => {
  const shared = await SharedRepository.create()
  await shared.backupOnly('laptop', LAPTOP)
  await rotate(shared)
  const before = await shared.open(OWNER)
  for (const id of await listIds(shared.driver, 'config')) await shared.driver.remove({ kind: 'config', id })
  const rebuilt = await shared.open(OWNER, { rebuildConfig: true })
  const { generation, realms, revision } = rebuilt.config
  expect({ generation, realms }).toEqual({ generation: 2, realms: before.config.realms })
  expect(revision).toBeGreaterThan(before.config.revision)
  expect((await shared.open(OWNER)).ring.realm().metadataKey(2)).toEqual(before.ring.realm().metadataKey(2))
  // The other slot is not listed any more, and what it was given last still opens.
  expect((await shared.open(LAPTOP)).ring.realm().generation).toBe(2)
})

test.each(['lost', 'damaged'])('a slot whose update is %s says so, and another one mends it', async (fate) => {
  const shared = await SharedRepository.create()
  await addSlot(shared.changing(await shared.owner.reopen()), { secret: SECOND, label: '' })
  await rotate(shared)
  const opened = await shared.open(OWNER)
  const { update } = present(
    opened.config.slots.find(({ id }) => id === opened.slot),
    'the slot',
  )
  const name = { kind: 'keys', id: present(update, 'the update') } as const
  const bytes = await shared.driver.get(name)
  await shared.driver.remove(name)
  if (fate === 'damaged') await shared.driver.put(name, [bytes.with(1000, (bytes[1000] ?? 0) ^ 1)])
  await expect(shared.open(OWNER)).rejects.toMatchObject({ code: 'SLOT_DAMAGED' })
  const second = await openWithKeys(await shared.open(SECOND), testPorts(shared.driver))
  await rotateKeys({ ...shared.changing(second), randomness: systemRandomness })
  expect((await shared.open(OWNER)).ring.realm().generation).toBe(3)
})
