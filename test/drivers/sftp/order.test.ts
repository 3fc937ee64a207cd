import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { createSftpStore } from '../../../drivers/sftp/create-store.ts'
import type * as SshConnections from '../../../drivers/sftp/ssh-connection.ts'
import { openSftpDriver, type SftpDriver } from '../../../drivers/sftp/sftp-driver.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { collect } from '../../../src/base/collect.ts'
import { OBJECT_KINDS, objectPath } from '../../../src/storage/driver.ts'
import { freshName, listIds } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { noSecrets, startSshServer, type TestSshServer } from '../../support/ssh-server.ts'

/** OpenSSH works in order whether we believe it or not: a server that does not is one that does not say that it is OpenSSH. */
const believed = vi.hoisted(() => ({ isOpenSsh: true }))
vi.mock('../../../drivers/sftp/ssh-connection.ts', async (importOriginal) => {
  const original = await importOriginal<typeof SshConnections>()
  return {
    ...original,
    connect: async (...given: Parameters<typeof original.connect>) => {
      const connection = await original.connect(...given)
      expect(connection.isOpenSsh).toBe(true)
      return { ...connection, ...believed }
    },
  }
})

let ssh: TestSshServer
beforeAll(async () => {
  ssh = await startSshServer()
})
afterAll(() => ssh[Symbol.asyncDispose]())
let stores = 0

async function openStore(): Promise<{ readonly driver: SftpDriver; readonly folder: string }> {
  const folder = join(ssh.folder, `ordered-${stores++}`)
  const options = { server: ssh.server(), secrets: noSecrets, path: folder, location: `sftp://127.0.0.1${folder}` }
  await createSftpStore(options)
  const driver = await openSftpDriver(options)
  onTestFinished(() => driver[Symbol.asyncDispose]())
  return { driver, folder }
}

describe.each([true, false])('a server that is believed to work in order: %s', (isOpenSsh) => {
  beforeAll(() => {
    believed.isOpenSsh = isOpenSsh
  })

  test('lists all kinds together, also where one is longer than what is asked for in one go', async () => {
    const { driver, folder } = await openStore()
    const objects = OBJECT_KINDS.flatMap((kind) =>
      Array.from({ length: kind === 'index' ? 700 : 3 }, () => freshName(kind)),
    )
    for (const object of objects) {
      const path = join(folder, objectPath(object))
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, object.kind)
    }
    const listed = await collect(driver.listKinds(OBJECT_KINDS))
    const paths = (names: readonly (typeof objects)[number][]) => names.map(objectPath).toSorted()
    expect(paths(listed.map(({ name }) => name))).toEqual(paths(objects))
    expect(listed.every(({ name, bytes }) => bytes === name.kind.length)).toBe(true)
    expect(await listIds(driver, 'index')).toHaveLength(700)
  })

  test('stores what is put into folders that are not there, and refuses a name that is taken', async () => {
    const { driver, folder } = await openStore()
    for (const name of ['packs', 'tmp']) rmSync(join(folder, name), { recursive: true })
    const [object, large] = [freshName(), freshName()]
    await Promise.all([driver.put(object, [utf8('small')]), driver.put(large, [patternBytes(600_000, 1)])])
    expect(await driver.get(object)).toEqual(utf8('small'))
    expect(Buffer.compare(await driver.get(large), patternBytes(600_000, 1))).toBe(0)
    await expect(driver.put(object, [utf8('other')])).rejects.toMatchObject({ code: 'EXISTS' })
    expect(await driver.get(object)).toEqual(utf8('small'))
  })

  test('stores what is large whole, whatever its pieces are, and protects it', async () => {
    const { driver, folder } = await openStore()
    const whole = patternBytes((9 << 20) + 1, 1)
    const cuts = [0, 1, 4_000_000, 7 << 20, whole.byteLength]
    const pieces = cuts.slice(1).map((end, i) => whole.subarray(cuts[i], end))
    const objects = [freshName(), freshName()]
    await Promise.all(objects.map(async (object) => driver.put(object, pieces)))
    for (const object of objects) {
      expect(Buffer.compare(await driver.get(object), whole)).toBe(0)
      expect(statSync(join(folder, objectPath(object))).mode & 0o777).toBe(0o400)
    }
    await expect(driver.put(objects[0]!, pieces)).rejects.toMatchObject({ code: 'EXISTS' })
    expect(readdirSync(join(folder, 'tmp'))).toEqual([])
  })

  test.each(['vanished', 'became a file'])('has no empty listing for a store that %s', async (what) => {
    const { driver, folder } = await openStore()
    expect(await collect(driver.listKinds(['dead']))).toEqual([])
    rmSync(folder, { recursive: true })
    if (what === 'became a file') writeFileSync(folder, '')
    for (const kinds of [OBJECT_KINDS, ['packs'], ['dead']] as const) {
      await expect(collect(driver.listKinds(kinds))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    }
  })
})
