import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { present } from '../../src/base/assert.ts'
import type { TidemarkError } from '../../src/base/errors.ts'
import { idBytes, type ObjectId } from '../../src/base/ids.ts'
import { parseRecoveryCode } from '../../src/format/recovery-code.ts'
import { putConfig, type RevisionMemory, updateConfig } from '../../src/repository/config-store.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import { openInstance } from '../../src/repository/instance-key.ts'
import { decodeKeyFile } from '../../src/repository/key-file.ts'
import { type OpenedKeys, openKeys, type OpenKeysOptions } from '../../src/repository/open-keys.ts'
import { RecordStore } from '../../src/repository/record-store.ts'
import { signTombstone } from '../../src/repository/signing.ts'
import {
  addRecoveryCode,
  addSlot,
  changePassword,
  exportKeyFile,
  listSlots,
  removeSlot,
  type SlotRemovalContext,
} from '../../src/repository/slot-changes.ts'
import { passwordOf, passwordSecret, type SlotSecret } from '../../src/repository/slot-key.ts'
import { startSlotKey } from '../../src/repository/slots.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'

const KDF = { memoryKib: 8 << 10, passes: 1, lanes: 1 }
const clock = { nowMs: () => 1_700_000_000_000, monotonicMs: () => 0 }
const HORSE = passwordSecret('correct horse')
const randomness = seededRandomness('slots')

function memoryOf(revision?: number): RevisionMemory & { revision: number | undefined } {
  return {
    revision,
    read() {
      return this.revision
    },
    write(seen) {
      this.revision = seen
    },
  }
}

let driver: MemoryDriver
let created: OpenedKeys

beforeEach(async () => {
  driver = new MemoryDriver()
  created = await createRepository(driver, { slots: [{ secret: HORSE, label: 'first', kdf: KDF }], clock, randomness })
})

async function open(secret: SlotSecret, options: Partial<OpenKeysOptions> = {}): Promise<OpenedKeys> {
  return openKeys(driver, secret, { randomness, ...options })
}

async function contextOf(opened: OpenedKeys): Promise<SlotRemovalContext> {
  const records = new RecordStore({ driver, repository: opened.repository, ring: opened.ring, randomness })
  const store = { load: async () => undefined, save: async () => undefined }
  const signer = await openInstance(store, { describe: () => ({ name: 'n', host: 'h', user: 'u' }), clock, randomness })
  return { driver, opened, clock, randomness, memory: undefined, recordsIn: () => records, signer }
}

/** Replaces an object by changed bytes under the same name, as rot does. */
async function rot(kind: 'keys' | 'config', id: ObjectId, at: number): Promise<void> {
  const bytes = await driver.get({ kind, id })
  bytes[at] = present(bytes[at], 'byte') ^ 1
  await driver.remove({ kind, id })
  await driver.put({ kind, id }, [bytes])
}

describe('key slots', () => {
  it('open with their password and give the keys that were made', async () => {
    const opened = await open(HORSE)
    expect(opened.repository).toBe(created.repository)
    expect(opened.label).toBe('first')
    expect(opened.ring.full).toBe(true)
    expect(opened.ring.realm().metadataKey(1)).toEqual(created.ring.realm().metadataKey(1))
    expect(opened.ring.ownerPublicKey).toEqual(created.ring.ownerPublicKey)
    expect(opened.config).toEqual(created.config)
  })

  it('take a password however its accents are composed', async () => {
    await addSlot(await contextOf(created), { secret: passwordSecret('caf\u00e9'), label: '', kdf: KDF })
    await expect(open(passwordSecret('cafe\u0301'))).resolves.toMatchObject({ repository: created.repository })
  })

  it('leave a password of ASCII in the bytes that it came in, which can be wiped', () => {
    const bytes = new TextEncoder().encode('correct horse')
    expect(passwordOf(bytes).bytes).toBe(bytes)
  })

  it('tell a wrong password, a damaged slot, a missing repository and a missing kind apart', async () => {
    await expect(open(passwordSecret('wrong'))).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
    await expect(open({ kind: 'key-file', bytes: new Uint8Array(32) })).rejects.toMatchObject({ code: 'UNKNOWN_SLOT' })
    await expect(openKeys(new MemoryDriver(), HORSE, { randomness })).rejects.toMatchObject({ code: 'NO_REPOSITORY' })
    await rot('keys', created.slot, 5000)
    await expect(open(HORSE)).rejects.toMatchObject({ code: 'SLOT_DAMAGED' })
    await driver.remove({ kind: 'keys', id: created.slot })
    const noneLeft = expect.stringContaining('lost all of its key slots') as string
    await expect(open(HORSE)).rejects.toMatchObject({ code: 'SLOT_DAMAGED', message: noneLeft })
  })

  it('tell of a config whose bytes rotted once: as what keeps them from opening', async () => {
    const problems: TidemarkError[] = []
    await rot('config', created.configId, 40)
    const opening = open(HORSE, { onProblem: (problem) => problems.push(problem) })
    await expect(opening).rejects.toMatchObject({ code: 'ID_MISMATCH' })
    expect(problems).toEqual([])
  })

  it('are damaged, not mistaken for a wrong password, wherever a byte rots', async () => {
    for (const at of [0, 5, 7, 30, 57, 100, 1340, 1400, 9575]) {
      await rot('keys', created.slot, at)
      await expect(open(HORSE)).rejects.toMatchObject({ code: 'SLOT_DAMAGED' })
      await rot('keys', created.slot, at)
    }
    await expect(open(HORSE)).resolves.toMatchObject({ slot: created.slot })
  })

  it('open around a damaged one, which is reported', async () => {
    const { code } = await addRecoveryCode(await contextOf(created), 'drawer')
    await rot('keys', created.slot, 200)
    const problems: TidemarkError[] = []
    const secret = { kind: 'recovery-code', bytes: parseRecoveryCode(code) } as const
    const opened = await open(secret, { onProblem: (problem) => problems.push(problem) })
    expect(opened.label).toBe('drawer')
    expect(problems.map((problem) => problem.code)).toEqual(['SLOT_DAMAGED'])
  })

  it('open with a recovery code and a key file, and refuse those of others as wrong keys', async () => {
    const context = await contextOf(created)
    await addRecoveryCode(context, '')
    const { file } = await exportKeyFile(context, 'stick')
    const { key, repository } = decodeKeyFile(file)
    expect(repository).toBe(created.repository)
    expect((await open({ kind: 'key-file', bytes: key })).label).toBe('stick')
    await expect(open({ kind: 'key-file', bytes: new Uint8Array(32) })).rejects.toMatchObject({ code: 'WRONG_KEY' })
    const other = { kind: 'recovery-code', bytes: new Uint8Array(20) } as const
    await expect(open(other)).rejects.toMatchObject({ code: 'WRONG_KEY' })
  })

  it('take a derivation that was started before the store was asked', async () => {
    const bytes = await driver.get({ kind: 'keys', id: created.slot })
    const pending = startSlotKey(created.slot, bytes, HORSE)
    await expect(open(HORSE, { pending })).resolves.toMatchObject({ slot: created.slot })
  })

  it('refuse parameters out of bounds instead of computing them', async () => {
    const slot = { secret: passwordSecret('x'), label: '', kdf: { ...KDF, memoryKib: 1 << 30 } }
    await expect(addSlot(await contextOf(created), slot)).rejects.toMatchObject({ code: 'KDF_BOUNDS' })
  })

  it('have one size, whatever they hold', async () => {
    await addRecoveryCode(await contextOf(created), 'a rather long label for such a slot')
    const sizes = new Set<number>()
    for await (const { bytes } of driver.list('keys')) sizes.add(bytes)
    expect([...sizes]).toEqual([9576])
  })

  it('change their password without anything else being written again', async () => {
    const context = await contextOf(created)
    const id = await changePassword(context, { secret: passwordSecret('new'), label: 'second', kdf: KDF })
    await expect(open(HORSE)).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
    const opened = await open(passwordSecret('new'))
    expect(opened.slot).toBe(id)
    expect(opened.config.slots.map((slot) => slot.id)).toEqual([id])
    expect(await listSlots(driver, opened)).toEqual([
      { id, kind: 'password', keySet: 'full', current: true, listed: true, order: 1, damaged: false },
    ])
  })

  it('keep the last full one', async () => {
    const context = await contextOf(created)
    await expect(removeSlot(context, created.slot)).rejects.toMatchObject({ code: 'LAST_FULL_SLOT' })
    await expect(removeSlot(context, 'ab'.repeat(32) as ObjectId)).rejects.toMatchObject({ code: 'UNKNOWN_SLOT' })
    await expect(open(HORSE)).resolves.toMatchObject({ slot: created.slot })
  })

  it('stay removed when somebody puts the object back', async () => {
    const bytes = await driver.get({ kind: 'keys', id: created.slot })
    const context = await contextOf(created)
    await changePassword(context, { secret: passwordSecret('new'), label: '', kdf: KDF })
    await driver.put({ kind: 'keys', id: created.slot }, [bytes])
    await expect(open(HORSE)).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
    await expect(open(passwordSecret('new'))).resolves.toMatchObject({ repository: created.repository })
  })

  it('leave the smallest id valid when every full one has a tombstone', async () => {
    const context = await contextOf(created)
    const second = await addSlot(context, { secret: passwordSecret('second'), label: '', kdf: KDF })
    for (const id of [created.slot, second]) {
      const tombstone = { target: 'slot', id, hash: idBytes(id), made: { seconds: 0, nanoseconds: 0 } } as const
      await context
        .recordsIn()
        .put('tombstones', signTombstone(created.ring, created.repository, tombstone), context.signer)
    }
    await updateConfig(driver, { ring: created.ring, memory: undefined }, (config) => ({ ...config, slots: [] }))
    const passwords = new Map([
      [created.slot, HORSE],
      [second, passwordSecret('second')],
    ])
    const [smallest, other] = [created.slot, second].sort()
    const secretOf = (id: ObjectId | undefined): SlotSecret => present(passwords.get(id as ObjectId), 'a password')
    await expect(open(secretOf(smallest))).resolves.toMatchObject({ slot: smallest })
    await expect(open(secretOf(other))).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  })

  it('are not removed by a tombstone that the owner did not sign', async () => {
    const context = await contextOf(created)
    const made = { seconds: 0, nanoseconds: 0 }
    const forged = { target: 'slot', id: created.slot, hash: idBytes(created.slot), made } as const
    await addRecoveryCode(context, '')
    await context.recordsIn().put('tombstones', { ...forged, ownerSignature: new Uint8Array(64) }, context.signer)
    await updateConfig(driver, { ring: created.ring, memory: undefined }, (config) => ({ ...config, slots: [] }))
    await expect(open(HORSE)).resolves.toMatchObject({ slot: created.slot })
  })
})

describe('config', () => {
  it('is refused when an older one is served than was seen', async () => {
    const memory = memoryOf()
    await addRecoveryCode(await contextOf(created), '')
    const opened = await open(HORSE, { memory })
    expect(memory.revision).toBe(2)
    await driver.remove({ kind: 'config', id: opened.configId })
    await expect(open(HORSE, { memory })).rejects.toMatchObject({ code: 'ROLLED_BACK' })
  })

  it('is refused when another owner put one there', async () => {
    const other = new MemoryDriver()
    const twin = await createRepository(other, { slots: [{ secret: HORSE, label: '', kdf: KDF }], clock, randomness })
    await driver.put({ kind: 'config', id: twin.configId }, [await other.get({ kind: 'config', id: twin.configId })])
    await expect(open(HORSE)).rejects.toMatchObject({ code: 'BAD_SIGNATURE' })
  })

  it('is refused when two first or two highest revisions are there', async () => {
    const first = await putConfig(driver, created.ring, { ...created.config, graceSeconds: 1 })
    await expect(open(HORSE)).rejects.toMatchObject({ code: 'CONFIG_CONFLICT' })
    await driver.remove({ kind: 'config', id: first })
    for (const graceSeconds of [2, 3]) {
      const fork = { ...created.config, revision: 2, previous: created.configId, graceSeconds }
      await putConfig(driver, created.ring, fork)
    }
    await expect(open(HORSE)).rejects.toMatchObject({ code: 'CONFIG_CONFLICT' })
  })

  it('is made anew from a slot when it was lost, and only when asked', async () => {
    await driver.remove({ kind: 'config', id: created.configId })
    await expect(open(HORSE)).rejects.toMatchObject({ code: 'RECORD_MISSING' })
    const memory = memoryOf(4)
    const opened = await open(HORSE, { memory, rebuildConfig: true })
    expect(opened.config).toEqual({ ...created.config, revision: 5 })
    await expect(open(HORSE, { memory })).resolves.toMatchObject({ configId: opened.configId })
  })

  it('names every slot after two people added one at the same time', async () => {
    const context = await contextOf(created)
    const [a, b] = await Promise.all([addRecoveryCode(context, 'a'), addRecoveryCode(context, 'b')])
    const opened = await open(HORSE)
    expect(opened.config.slots.map((slot) => slot.id).sort()).toEqual([created.slot, a.id, b.id].sort())
    expect(opened.config.revision).toBe(3)
  })

  it('keeps no more than the one before it', async () => {
    const context = await contextOf(created)
    for (let i = 0; i < 4; i++) await addRecoveryCode(context, '')
    let configs = 0
    for await (const info of driver.list('config')) configs += info.bytes > 0 ? 1 : 0
    expect(configs).toBe(2)
  })
})

describe('createRepository', () => {
  it('refuses a store that holds one, and leaves it as it was', async () => {
    const again = { slots: [{ secret: HORSE, label: '', kdf: KDF }] as const, clock, randomness }
    await expect(createRepository(driver, again)).rejects.toMatchObject({ code: 'REPOSITORY_EXISTS' })
    await driver.remove({ kind: 'config', id: created.configId })
    await expect(createRepository(driver, again)).rejects.toMatchObject({ code: 'REPOSITORY_EXISTS' })
    await expect(open(HORSE, { rebuildConfig: true })).resolves.toMatchObject({ repository: created.repository })
  })

  it('never leaves two repositories in one store when two create at once', async () => {
    const store = new MemoryDriver()
    const options = { slots: [{ secret: HORSE, label: '', kdf: KDF }] as const, clock, randomness }
    const results = await Promise.allSettled([createRepository(store, options), createRepository(store, options)])
    const made = results.filter((result) => result.status === 'fulfilled').length
    let configs = 0
    for await (const info of store.list('config')) configs += info.bytes > 0 ? 1 : 0
    expect(made).toBeLessThanOrEqual(1)
    expect(configs).toBe(made)
  })
})
