import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { present } from '../../src/base/assert.ts'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import { signingKeyPair, sign } from '../../src/crypto/ed25519.ts'
import { hpkeOpen } from '../../src/crypto/hpke.ts'
import { openPointView } from '../../src/engine/point-view.ts'
import { decodeConfig, encodeConfig, encodeConfigBody } from '../../src/format/config-codec.ts'
import { encodeKeyUpdateHeader } from '../../src/format/key-update.ts'
import { decodeKeySet } from '../../src/format/key-set.ts'
import { decodePackHeader } from '../../src/format/pack-header-codec.ts'
import { RECORD_KINDS } from '../../src/format/records.ts'
import { writerKeyInfo } from '../../src/repository/key-tree.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { configSignatureInput } from '../../src/repository/signing.ts'
import { removeSlot } from '../../src/repository/slot-changes.ts'
import { listIds, putObject } from '../../src/repository/stored-object.ts'
import { keyFile, OWNER, SharedRepository } from '../support/shared-repository.ts'
import { pointFile } from '../support/point-content.ts'
import { closeRealms } from '../support/two-realms.ts'

const LAPTOP = keyFile(2)
const NAMES = ['love-letters.txt', 'tax-return.pdf']
const SECRET = 'the words that nobody else may read '

afterAll(closeRealms)

function sourceIn({ folder }: SharedRepository, name: string, content = SECRET): string {
  const source = join(folder, name)
  mkdirSync(source, { recursive: true })
  for (const file of NAMES) writeFileSync(join(source, file), `${content}${file} of ${name}`.repeat(20))
  return source
}

async function contentOf(repository: Repository, point: string, path: string): Promise<string> {
  const chain = await repository.chain({ reload: true })
  const info = present(
    chain.points.find(({ record }) => record.point === point),
    'the point',
  )
  const view = openPointView(await repository.inRealm(info.realm).blobs(), info.record.parts)
  return (await pointFile(view, byteStringOf(path))).toString()
}

test('with the slot and the whole store nobody reads a content, a name, or a record of another realm', async () => {
  const shared = await SharedRepository.create()
  await shared.owner.backup(sourceIn(shared, 'home'))
  const laptop = await shared.backupOnly('laptop', LAPTOP)
  await laptop.backup(sourceIn(shared, 'travels'))
  // A thief has the slot's secret and the store, and none of what the machine kept.
  const thief = await shared.machine('thief', LAPTOP).reopen()
  const realms = new Set<string>()
  const read: Uint8Array[] = []
  for (const kind of RECORD_KINDS) {
    for (const id of await listIds(shared.driver, kind)) {
      const opened = await thief.records.get(kind, id).catch((error: unknown) => error)
      if (opened instanceof Error) expect(opened).toMatchObject({ code: 'WRONG_KEY' })
      else {
        const { realm, inner } = opened as { realm: string; inner: Uint8Array }
        realms.add(realm)
        read.push(inner)
      }
    }
  }
  expect([...realms]).toEqual([thief.realm.realm])
  expect(read.length).toBeGreaterThan(2)
  const told = Buffer.from(concatBytes(...read)).toString('latin1')
  for (const word of [...NAMES, SECRET, 'travels', 'home', shared.folder]) expect(told).not.toContain(word)
  const index = await thief.index()
  for (let row = 0; row < index.packs.size; row++) {
    expect(() => index.packKey(row)).toThrow(expect.objectContaining({ code: 'KEY_NOT_FULL' }))
  }
})

test('no key of the slot opens a writer key in the store', async () => {
  const shared = await SharedRepository.create()
  await shared.owner.backup(sourceIn(shared, 'home'))
  const laptop = await shared.backupOnly('laptop', LAPTOP)
  await laptop.backup(sourceIn(shared, 'travels'))
  const keys = await shared.open(LAPTOP)
  const set = decodeKeySet(keys.keySet)
  if (set.kind !== 'backup-only') throw new Error('the slot is backup-only')
  const { data, tree, list, detail } = set.idKeys
  const seeds = [...set.metadataKeys, data, tree, list, detail, set.chunkerSeed, set.ownerPublicKey]
  let tried = 0
  for (const id of await listIds(shared.driver, 'packs')) {
    const header = decodePackHeader((await shared.driver.get({ kind: 'packs', id })).subarray(0, 1224))
    const info = writerKeyInfo(keys.repository, header.realm)
    for (const seed of seeds) {
      expect(hpkeOpen(header.sealedWriterKey, { seed, info })).toBeUndefined()
      tried++
    }
  }
  expect(tried).toBeGreaterThan(20)
})

test('the owner reads what such a machine made, before and after it lost its cache', async () => {
  const shared = await SharedRepository.create()
  const laptop = await shared.backupOnly('laptop', LAPTOP)
  const source = sourceIn(shared, 'travels')
  const first = await laptop.backup(source)
  laptop.forget()
  writeFileSync(join(source, 'more'), 'one more')
  const second = await laptop.backup(source)
  expect(second.bytesStored).toBeLessThan(20_000)
  const owner = await shared.owner.reopen()
  expect((await owner.chain()).alarms).toEqual([])
  expect(await contentOf(owner, first.point ?? '', join(source, NAMES[0] ?? ''))).toContain(SECRET)
  expect(await contentOf(owner, second.point ?? '', join(source, 'more'))).toBe('one more')
})

test('a forged config stops every full machine, and gives the forger nothing', async () => {
  const shared = await SharedRepository.create()
  await shared.backupOnly('laptop', LAPTOP)
  const thief = await shared.open(LAPTOP)
  expect(() => thief.ring.ownerSign(new Uint8Array())).toThrow(expect.objectContaining({ code: 'KEY_NOT_FULL' }))
  const { publicKey, secretKey } = signingKeyPair(new Uint8Array(32).fill(9))
  const newest = decodeConfig(await shared.driver.get({ kind: 'config', id: thief.configId })).config
  for (const ownerPublicKey of [newest.ownerPublicKey, publicKey]) {
    const body = encodeConfigBody({
      ...newest,
      ownerPublicKey,
      revision: newest.revision + 1,
      previous: thief.configId,
    })
    const id = await putObject(shared.driver, 'config', [
      encodeConfig(body, sign(configSignatureInput(body), secretKey)),
    ])
    await expect(shared.open(OWNER)).rejects.toMatchObject({ code: 'BAD_SIGNATURE' })
    await shared.driver.remove({ kind: 'config', id })
  }
  await expect(shared.open(OWNER)).resolves.toMatchObject({ configId: thief.configId })
})

test('a forged tombstone removes nothing, and is told', async () => {
  const shared = await SharedRepository.create()
  const made = await shared.owner.backup(sourceIn(shared, 'home'))
  const laptop = await shared.backupOnly('laptop', LAPTOP)
  const owner = await shared.owner.reopen()
  const target = present((await owner.chain()).points[0], 'the point')
  const thief = await laptop.reopen()
  const forged = {
    target: 'point',
    id: target.record.point,
    hash: target.innerHash,
    made: target.record.finished,
  } as const
  await thief.records.put('tombstones', { ...forged, ownerSignature: new Uint8Array(64).fill(1) }, thief.instance)
  const { points, alarms } = await owner.chain({ reload: true })
  expect(points.map(({ record }) => record.point)).toEqual([made.point])
  expect(alarms.map(({ code }) => code)).toEqual(['BAD_SIGNATURE'])
})

test('a forged index of another realm is refused, and one of its own leads no other realm astray', async () => {
  const shared = await SharedRepository.create()
  const source = sourceIn(shared, 'home')
  const made = await shared.owner.backup(source)
  const laptop = await shared.backupOnly('laptop', LAPTOP)
  const owner = await shared.owner.reopen()
  const [real] = await owner.records.list('index')
  const { record } = await owner.records.get('index', present(real, 'an index file'))
  const thief = await laptop.reopen()
  // Says where the blobs of `home` are, and lies.
  const lying = { ...record, blobLengths: record.blobLengths.map(() => 1) }
  const abroad = thief.recordsIn(owner.realm.realm)
  await expect(abroad.put('index', lying, thief.instance)).rejects.toMatchObject({ code: 'WRONG_KEY' })
  await thief.records.put('index', lying, thief.instance)
  const again = await shared.owner.reopen()
  expect(await contentOf(again, made.point ?? '', join(source, NAMES[0] ?? ''))).toContain(SECRET)
})

test('a forged update of keys is no slot’s, and keeps nobody from opening', async () => {
  const shared = await SharedRepository.create()
  await shared.backupOnly('laptop', LAPTOP)
  const { repository, slot } = await shared.open(OWNER)
  const header = encodeKeyUpdateHeader({ repository, slot, revision: 99 })
  await putObject(shared.driver, 'keys', [header, new Uint8Array(8884)])
  await expect(shared.open(OWNER)).resolves.toMatchObject({ slot })
  // Nor where no config names an update.
  for (const id of await listIds(shared.driver, 'config')) await shared.driver.remove({ kind: 'config', id })
  const opened = await shared.open(OWNER, { rebuildConfig: true })
  expect(opened.ring.realms()).toHaveLength(2)
})

test('a removed slot opens nothing, though its holder cannot read the realm that removed it', async () => {
  const shared = await SharedRepository.create()
  const laptop = await shared.backupOnly('laptop', LAPTOP)
  const { slot } = await shared.open(LAPTOP)
  const kept = await shared.driver.get({ kind: 'keys', id: slot })
  await removeSlot(shared.changing(await shared.owner.reopen()), slot)
  await expect(laptop.reopen()).rejects.toMatchObject({ code: 'WRONG_KEY' })
  // Neither when whoever holds the store puts it back.
  await shared.driver.put({ kind: 'keys', id: slot }, [kept])
  await expect(laptop.reopen()).rejects.toMatchObject({ code: 'WRONG_KEY' })
})

test('two such machines know nothing of each other unless they share a realm', async () => {
  const shared = await SharedRepository.create()
  const laptop = await shared.backupOnly('laptop', LAPTOP)
  const phone = await shared.backupOnly('phone', keyFile(3))
  const realm = { id: (await laptop.reopen()).realm.realm, name: 'laptop' }
  const tablet = await shared.backupOnly('tablet', keyFile(4), realm)
  await laptop.backup(sourceIn(shared, 'travels'))
  const ids = async (machine: typeof laptop): Promise<ObjectId[]> =>
    (await (await machine.reopen()).chain()).points.map(({ object }) => object)
  expect(await ids(phone)).toEqual([])
  expect(await ids(tablet)).toHaveLength(1)
  expect(await ids(shared.owner)).toHaveLength(1)
})
