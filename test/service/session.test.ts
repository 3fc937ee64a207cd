import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { present } from '../../src/base/assert.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { KDF_MEMORY_KIB_MIN } from '../../src/crypto/kdf.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import { passwordSecret } from '../../src/repository/slot-key.ts'
import { forgetOpenings } from '../../src/service/opening-memory.ts'
import { openSession } from '../../src/service/session.ts'
import type { Driver } from '../../src/storage/driver.ts'
import { FaultyDriver } from '../support/faulty-driver.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { aheadClock } from '../support/test-machine.ts'

const PASSWORD = 'correct horse battery staple'
const URL = 'sftp://far.invalid/store'

interface Machine {
  readonly driver: FaultyDriver
  /** The file of what opening needed the last time. */
  readonly memory: () => string
  /** Opens the repository and closes it; returns what happened, in this order. */
  readonly open: (how?: {
    readonly isAtHand?: boolean
    readonly url?: string
    readonly store?: Driver
  }) => Promise<string[]>
  /** How often a password was asked for. */
  readonly passwords: () => number
  readonly folder: string
}

async function machine(): Promise<Machine> {
  const driver = new FaultyDriver(new MemoryDriver())
  const cheap = { memoryKib: KDF_MEMORY_KIB_MIN, passes: 1, lanes: 1 }
  const keys = await createRepository(driver, {
    slots: [{ secret: passwordSecret(PASSWORD), label: 'test', kdf: cheap }],
    clock: aheadClock,
    randomness: systemRandomness,
  })
  keys[Symbol.dispose]()
  const folder = temporaryFolder()
  const cacheDirectory = join(folder, 'cache')
  let passwords = 0
  const open: Machine['open'] = async ({ isAtHand = true, url = URL, store = driver } = {}) => {
    const events: string[] = []
    const before = driver.calls.length
    await using session = await openSession({
      repository: url,
      workingDirectory: folder,
      paths: { configFile: join(folder, 'config.yaml'), stateDirectory: join(folder, 'state'), cacheDirectory },
      clock: aheadClock,
      randomness: systemRandomness,
      openDriver: async () => {
        events.push('connect')
        return store
      },
      secret: async () => {
        events.push('secret')
        passwords++
        return passwordSecret(PASSWORD)
      },
      isSecretAtHand: () => isAtHand,
      describeInstance: () => ({ name: 'machine', host: 'host', user: 'user' }),
      onProblem: (problem) => events.push(problem.code),
    })
    expect((await session.repository).id).toBe(session.repositoryId)
    const calls = driver.calls.slice(before).map(({ method, kind }) => `${method} ${kind}`)
    return [...events, ...calls.filter((call) => /^(get|list) (config|keys)$/.test(call))]
  }
  const folderOf = join(cacheDirectory, 'openings')
  const memory = (): string => join(folderOf, present(readdirSync(folderOf)[0], 'nothing is remembered'))
  return { driver, memory, open, passwords: () => passwords, folder }
}

const ASKED_FIRST = ['secret', 'connect', 'get config', 'get keys', 'list config', 'list keys']
const CONNECTED_FIRST = ['connect', 'secret', 'list config', 'list keys', 'get config', 'get keys']

test('a repository elsewhere is asked at once for what opening it needed the last time, no more often than before', async () => {
  const { open } = await machine()
  expect(await open()).toEqual(CONNECTED_FIRST)
  expect(await open()).toEqual(ASKED_FIRST)
})

test('nobody is asked for a password before the store is there', async () => {
  const { open } = await machine()
  await open()
  expect((await open({ isAtHand: false })).slice(0, 2)).toEqual(['connect', 'secret'])
})

test('nobody is asked for a password for a store that cannot be listed', async () => {
  const { driver, open, passwords } = await machine()
  await open()
  driver.fail({ method: 'list', when: 'before' })
  await expect(open({ isAtHand: false })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(passwords()).toBe(1)
})

test('of a folder of this machine nothing is remembered but that a repository was there', async () => {
  const { open, folder, memory } = await machine()
  await open({ url: join(folder, 'store') })
  expect(readFileSync(memory(), 'utf8')).toBe('')
})

test.each(['/mnt/usb/store', URL])('what is not there any more is away, what never was is not: %s', async (url) => {
  const { open } = await machine()
  const empty = { url, store: new MemoryDriver() }
  await expect(open(empty)).rejects.toMatchObject({ code: 'NO_REPOSITORY', retry: 'never' })
  await open({ url })
  const hint = expect.stringContaining('mounted') as string
  await expect(open(empty)).rejects.toMatchObject({ code: 'NO_REPOSITORY', retry: 'transient', hint })
})

test('what was remembered can be forgotten', async () => {
  const { open, folder, memory } = await machine()
  await open()
  await forgetOpenings(join(folder, 'cache'))
  expect(memory).toThrow()
  expect(await open()).toEqual(CONNECTED_FIRST)
})

test('what is remembered holds no key', async () => {
  const { open, driver, memory } = await machine()
  await open()
  const lines = readFileSync(memory(), 'utf8').split('\n')
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['config', 'keys', 'slot'])
  expect(readFileSync(memory()).byteLength).toBeLessThan(400)
  const [slot] = driver.calls.filter(({ method, kind }) => method === 'get' && kind === 'keys')
  expect(lines[1]).toBe(`keys ${slot?.id}`)
})

test('a repository opens whatever is remembered of it, and then that is put right', async () => {
  const { open, memory } = await machine()
  await open()
  const right = readFileSync(memory(), 'utf8')
  const other = (text: string): string =>
    text.replace(/[0-9a-f](?=[^0-9a-f]|$)/, (digit) => (digit === '0' ? '1' : '0'))
  const [config = '', keys = '', slot = ''] = right.split('\n')
  const [word, id, salt = '', ...kdf] = slot.split(' ')
  const wrong = [
    '',
    'garbage',
    [other(config), keys, slot].join('\n'),
    [config, other(keys), slot].join('\n'),
    [config, keys, [word, id, other(salt), ...kdf].join(' ')].join('\n'),
    [config, keys, [word, id, salt, '8192', '2', '1'].join(' ')].join('\n'),
    [config, keys, [word, id, salt, '9999999999', '1', '1'].join(' ')].join('\n'),
    [config, keys, [word, other(id ?? ''), salt, ...kdf].join(' ')].join('\n'),
  ]
  for (const text of wrong) {
    writeFileSync(memory(), text)
    await open()
    expect(readFileSync(memory(), 'utf8'), text).toBe(right)
  }
})
