import { expect, test } from 'vitest'

import { StorageError, UsageError } from '../../src/base/errors.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { answerCode } from '../support/recovery-code.ts'
import { seededApplication, TEST_NOW_MS } from '../support/seeded-application.ts'

const EVERYTHING = { label: '', backupOnly: false, realm: '' }
const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
]

test.each(SIZES)(
  'drivers at $columns x $rows: where repositories live, and since when one is not reached',
  async (size) => {
    const application = seededApplication()
    const [depot] = application.repositoryList
    application.repositoryList.push({
      ...depot!,
      name: 'attic',
      url: 'sftp://arthur@attic/~/backup',
      driver: 'sftp',
      isDefault: false,
      state: {
        kind: 'unreachable',
        sinceMs: TEST_NOW_MS - 3_600_000,
        message: `no route to ${'a-long-name-'.repeat(8)}host`,
        hint: 'Is it switched on?',
      },
    })
    const dashboard = new TestDashboard(application, size)
    await dashboard.press('6')
    await dashboard.shows('attic')
    await dashboard.press('down')
    // What is wrong is said to its end, however long it is.
    const frame = await dashboard.shows('✗ unreachable since 2026-11-21')
    expect(frame.replace(/\s+/g, ' ')).toMatch(/no route to a-long.*host — Is it switched on\?/)
    expect(frame).toMatch(/depot +local +5 points +\/srv\/depot/)
    expect(frame).toMatch(/› .*attic +sftp +unreachable 1 h ago/)
  },
)

/** Opens the form that adds a repository. */
async function addingRepository(application: ConstructorParameters<typeof TestDashboard>[0]): Promise<TestDashboard> {
  const dashboard = new TestDashboard(application)
  await dashboard.press('6')
  await dashboard.shows('depot')
  dashboard.send('a')
  await dashboard.shows('where does it lie?')
  return dashboard
}

test('the test of a store is shown as it runs, and what opens a repository in a list', async () => {
  const application = seededApplication()
  application.delaysMs.set('testDriver', 150)
  application.slotList = [
    {
      id: '1',
      kind: 'password',
      scope: 'full',
      realm: undefined,
      isCurrent: true,
      order: 1,
      label: 'laptop',
      createdMs: TEST_NOW_MS,
    },
    {
      id: '2',
      kind: 'recovery-code',
      scope: 'full',
      realm: undefined,
      isCurrent: false,
      order: 2,
      label: undefined,
      createdMs: undefined,
    },
  ]
  const dashboard = new TestDashboard(application)
  await dashboard.press('6')
  await dashboard.shows('depot')
  await dashboard.press('t')
  await dashboard.until((frame) => frame.includes('✓  write') && frame.includes('… being asked'))
  await dashboard.shows(/begun 2026-11-21 \d\d:00[^]*✓ It keeps what a repository needs\./)
  await dashboard.press('esc', 's')
  const frame = await dashboard.shows('recovery code')
  expect(frame).toMatch(/password +full +laptop, 2026-11-21 \d\d:00/)
})

test('what opens a repository is added, changed and removed, and a recovery code has to be written down', async () => {
  const application = seededApplication()
  application.slotList = [
    {
      id: '1',
      kind: 'password',
      scope: 'full',
      realm: undefined,
      isCurrent: true,
      order: 1,
      label: 'laptop',
      createdMs: TEST_NOW_MS,
    },
    {
      id: '2',
      kind: 'key-file',
      scope: 'full',
      realm: undefined,
      isCurrent: false,
      order: 2,
      label: undefined,
      createdMs: undefined,
    },
  ]
  const dashboard = new TestDashboard(application)
  await dashboard.press('6')
  await dashboard.shows('depot')
  await dashboard.press('s')
  await dashboard.shows('key file')
  await dashboard.press('a', 'x', 'enter', 'y', 'ctrl+s')
  await dashboard.shows('the two passwords differ')
  await dashboard.press('x', 'enter', 'x', 'ctrl+s')
  await dashboard.shows('The password is added.')
  await dashboard.press('p', 'z', 'enter', 'z', 'enter')
  await dashboard.shows('The password is changed. Whoever knew the old one')
  await dashboard.press('down', 'x')
  await dashboard.shows('Remove this key file of depot?')
  await dashboard.press('y')
  await dashboard.shows('It is removed.')
  await dashboard.press('c')
  await dashboard.shows('Another recovery code of depot')
  dashboard.send('drawer')
  await dashboard.shows('drawer▏')
  await dashboard.press('enter')
  await dashboard.shows(/ABCDE-FGHJK-LMNPQ-RSTUV[^]*it is the key c0de5107 in the list/)
  await dashboard.press('q')
  // Whoever has not written it down does not leave by a key.
  await dashboard.shows('ABCDE-FGHJK-LMNPQ-RSTUV')
  const changes = application.asked.filter(({ method }) => /^(add|change|remove)/.test(method))
  expect(changes.map(({ method, given }) => [method, ...given])).toEqual([
    ['addPassword', 'depot', EVERYTHING],
    ['changePassword', 'depot'],
    ['removeSlot', 'depot', '2'],
    ['addRecoveryCode', 'depot', 'drawer'],
  ])
})

test('a key file and a key that backs up only are made, and new keys after a yes', async () => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.press('6')
  await dashboard.shows('depot')
  await dashboard.press('s')
  await dashboard.shows('Keys of depot')
  await dashboard.press('e')
  await dashboard.shows('A key file of depot')
  dashboard.send('usb/key')
  await dashboard.press('ctrl+s')
  await dashboard.shows('✗ an absolute path begins with /')
  await dashboard.press('home')
  dashboard.send('/')
  await dashboard.press('ctrl+s')
  await dashboard.shows('/usb/key is written.')
  await dashboard.shows(/key file +full/)
  await dashboard.press('a', 'x', 'enter', 'x', 'enter')
  dashboard.send('laptop')
  await dashboard.press('enter', 'right', 'enter')
  dashboard.send('all')
  await dashboard.press('enter')
  await dashboard.shows('The password is added. It reads nothing back.')
  await dashboard.shows(/password +backup-only: all/)
  await dashboard.press('o')
  await dashboard.shows('Make new keys for new data?')
  expect(application.asked.some(({ method }) => method === 'rotateKeys')).toBe(false)
  await dashboard.press('y')
  await dashboard.shows('There are new keys. It takes nothing back')
  const made = application.asked.filter(({ method }) => /^(add|export)/.test(method))
  expect(made.map(({ method, given }) => [method, ...given])).toEqual([
    ['exportKey', 'depot', '/usb/key', EVERYTHING],
    ['addPassword', 'depot', { label: 'laptop', backupOnly: true, realm: 'all' }],
  ])
})

test('a repository is made by the wizard: place, password twice, and the recovery code is asked for', async () => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.press('6')
  await dashboard.shows('depot')
  await dashboard.press('n')
  await dashboard.shows('where does it lie?')
  await dashboard.press('down', 'down', 'enter')
  await dashboard.shows('Opened by your SSH keys')
  await dashboard.press('ctrl+s')
  await dashboard.shows('✗ a host name or an address')
  dashboard.send('attic')
  await dashboard.press('tab')
  dashboard.send('me@home')
  await dashboard.press('tab', 'tab')
  dashboard.send('.ssh/key')
  await dashboard.press('tab')
  dashboard.send('/~/back up')
  await dashboard.shows(/SSH key file[^]*✗ begins with \//)
  await dashboard.press('up', 'ctrl+u', 'tab')
  await dashboard.shows('It is sftp://me%40home@attic/~/back%20up')
  await dashboard.press('enter')
  await dashboard.shows('Call it')
  dashboard.send('attic')
  await dashboard.press('tab')
  dashboard.send('geheim')
  await dashboard.press('tab')
  dashboard.send('anders')
  await dashboard.press('enter')
  await dashboard.shows('✗ the two passwords differ')
  dashboard.send('geheim')
  await dashboard.press('tab')
  dashboard.send('geheim')
  await dashboard.press('enter')
  await dashboard.shows('ABCDE-FGHJK-LMNPQ-RSTUV')
  await answerCode(dashboard)
  await dashboard.shows('attic is added')
  expect(application.asked.findLast(({ method }) => method === 'addRepository')?.given).toEqual([
    { name: 'attic', url: 'sftp://me%40home@attic/~/back%20up', create: true, credentials: [] },
  ])
  expect(dashboard.output()).not.toContain('geheim')
})

test('the token of a server is asked for where it is needed, and never shown', async () => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.press('6')
  await dashboard.shows('depot')
  await dashboard.press('n', 'down', 'down', 'down', 'down', 'enter')
  await dashboard.shows('› Host')
  dashboard.send('dune.example')
  await dashboard.press('tab', 'tab')
  dashboard.send('mine')
  await dashboard.press('ctrl+s')
  await dashboard.shows('› Token')
  for (const text of ['a-token', 'attic', 'geheim', 'geheim']) {
    dashboard.send(text)
    await dashboard.press('enter')
  }
  await dashboard.shows('ABCDE-FGHJK-LMNPQ-RSTUV')
  expect(application.asked.findLast(({ method }) => method === 'addRepository')?.given).toEqual([
    {
      ...{ name: 'attic', url: 'dunesea+https://dune.example/mine', create: true },
      credentials: [{ kind: 'token', bytes: new Uint8Array(7) }],
    },
  ])
  expect(dashboard.output()).not.toContain('a-token')
})

test('why a server was refused is told to its end above the fields, and a wrong name at its own, with the secret kept', async () => {
  const application = seededApplication()
  const dashboard = await addingRepository(application)
  await dashboard.press('enter')
  dashboard.send('/mnt/disk')
  await dashboard.press('enter')
  await dashboard.shows('Open with')
  dashboard.send('/tmp/x')
  await dashboard.press('tab', 'tab')
  dashboard.send('geheim')
  const hint = 'Look at its fingerprint, then accept it: ssh-keyscan -p 28731 127.0.0.1 >> ~/.ssh/known_hosts'
  const unknown = new StorageError('STORE_DENIED', 'the key of the host 127.0.0.1 is another one', { hint })
  application.failures.set('addRepository', unknown)
  await dashboard.press('enter')
  await dashboard.shows(/✗ the key of the host[^]*ssh-keyscan -p 28731[^]*>> ~\/\.ssh\/known_hosts[^]*Secret +••/)
  const wrong = new UsageError('BAD_ARGUMENT', '"/tmp/x" is no name', { context: { field: 'name' } })
  application.failures.set('addRepository', wrong)
  await dashboard.press('enter')
  await dashboard.shows(/› Call it +\/tmp\/x[^]*✗ "\/tmp\/x" is no name[^]*Secret +••/)
})

test('a server of which nothing is known is gone on with once its key was accepted, and not for a mere Enter', async () => {
  const application = seededApplication()
  const dashboard = await addingRepository(application)
  dashboard.paste('sftp://nas/backups')
  await dashboard.press('enter')
  await dashboard.shows('› Call it')
  dashboard.send('attic')
  await dashboard.press('tab', 'tab')
  dashboard.send('geheim')
  const key = { host: 'nas', port: 2222, key: 'AAAA' }
  const shown = { keyType: 'ssh-ed25519', fingerprint: 'SHA256:RFwYmKR' }
  const context = { host: key.host, port: key.port, hostKey: key.key, ...shown }
  const unknown = new StorageError('STORE_DENIED', 'the host key of nas is not known', { context })
  application.failures.set('addRepository', unknown)
  await dashboard.press('enter')
  await dashboard.shows(/Is this nas\?[^]*port 2222[^]*ssh-ed25519[^]*SHA256:RFwYmKR[^]*y it is, go on/)
  await dashboard.press('enter', 'esc')
  await dashboard.shows(/✗ the host key of nas is not known[^]*Secret +••/)
  await dashboard.press('ctrl+s')
  await dashboard.shows('Is this nas?')
  application.failures.clear()
  dashboard.send('y')
  await dashboard.shows('attic is added')
  expect(application.asked.findLast(({ method }) => method === 'addRepository')?.given).toEqual([
    { name: 'attic', url: 'sftp://nas/backups', create: false, credentials: [], acceptedKey: key },
  ])
})
