import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { expect, test } from 'vitest'

import { addRepository, readConfiguration, removeRepository } from '../../src/service/configuration.ts'
import type { SecretKind, SecretSource } from '../../src/service/secret-source.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function configFile(text: string): string {
  const file = join(temporaryFolder(), 'config.yaml')
  writeFileSync(file, text)
  return file
}

test('a missing file configures nothing', async () => {
  const configuration = await readConfiguration(join(temporaryFolder(), 'config.yaml'))
  expect(configuration.repositories.size).toBe(0)
  expect(configuration.default).toBeUndefined()
})

test('an empty file and one of comments configure nothing', async () => {
  for (const text of ['', '# nothing yet\n', '---\n', 'repositories:\n']) {
    expect((await readConfiguration(configFile(text))).repositories.size).toBe(0)
  }
})

test('the first repository becomes the default, the second does not', async () => {
  const file = join(temporaryFolder(), 'new', 'config.yaml')
  const one = await addRepository(file, { name: 'home', url: '/srv/home', makeDefault: false })
  expect(one.default).toBe('home')
  const two = await addRepository(file, { name: 'usb', url: '/mnt/usb', makeDefault: false })
  expect(two.default).toBe('home')
  expect(await readConfiguration(file)).toEqual(two)
  expect([...two.repositories.values()]).toMatchObject([
    { name: 'home', url: '/srv/home', driver: undefined, limits: {}, secrets: new Map() },
    { name: 'usb', url: '/mnt/usb' },
  ])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('comments, order and spacing survive a change', async () => {
  const file = configFile(
    '# mine\nrepositories:\n  # the fast one\n  home:\n    url: /srv/home # here\ndefault: home\n',
  )
  await addRepository(file, { name: 'usb', url: '/mnt/usb', makeDefault: true })
  await removeRepository(file, 'usb')
  const text = readFileSync(file, 'utf8')
  for (const comment of ['# mine', '# the fast one', '# here']) expect(text).toContain(comment)
  expect((await readConfiguration(file)).default).toBeUndefined()
})

test('a configuration behind a symbolic link is changed where it lies', async () => {
  const folder = temporaryFolder()
  const target = join(folder, 'dotfiles.yaml')
  writeFileSync(target, '# kept\n')
  symlinkSync(target, join(folder, 'config.yaml'))
  await addRepository(join(folder, 'config.yaml'), { name: 'home', url: '/srv/home', makeDefault: false })
  expect(readFileSync(target, 'utf8')).toMatch(/# kept[^]*home:/)
})

test('a name is not given to a second location', async () => {
  const file = configFile('repositories:\n  home:\n    url: /srv/home\n')
  await expect(addRepository(file, { name: 'home', url: '/other', makeDefault: false })).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
  })
  await expect(removeRepository(file, 'nobody')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

test.each([
  [
    'an unknown setting',
    'repositories:\n  home:\n    url: /srv\n    colour: red\n',
    [4, 5],
    'repositories.home.colour',
  ],
  ['a value of another kind', 'repositories:\n  home:\n    url: [a]\n', [3, 10], 'repositories.home.url'],
  ['a relative path', 'repositories:\n  home:\n    url: srv/home\n', [3, 10], 'repositories.home.url'],
  ['a URL that is missing', 'repositories:\n  home: {}\n', [2, 9], 'repositories.home.url'],
  ['a default that is none', 'default: nobody\n', [1, 10], 'default'],
  ['a name that is a path', 'repositories:\n  a/b:\n    url: /srv\n', [2, 3], 'repositories.a/b'],
  ['a rate that is none', 'repositories:\n  home:\n    url: /srv\n    limit-upload: 5 fast\n', [4, 19], ''],
  ['broken YAML', 'repositories:\n  home: {url: /srv\n', [3, 1], ''],
  ['a key that stands twice', 'default: a\ndefault: b\n', [2, 1], ''],
])('%s is told with file, line, column and key', async (_, text, [line, column], key) => {
  const file = configFile(text)
  const error: unknown = await readConfiguration(file).catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: 'BAD_CONFIGURATION', context: { file, line, column } })
  expect((error as Error).message).toContain(`${file}, line ${line}, column ${column}: ${key}`)
})

async function messageOf(text: string): Promise<string> {
  return readConfiguration(configFile(text)).then(
    () => 'no mistake',
    (error: unknown) => String(error),
  )
}

test('all mistakes are told at once, in the order of their lines', async () => {
  const message = await messageOf(
    'repositories:\n  home:\n    url: /srv\n    colour: red\n    driver: ~/x.js\nplan: {}\n',
  )
  expect(message.match(/line \d+/g)).toEqual(['line 4', 'line 5', 'line 6'])
})

test('a mistyped setting is told with the one that is near', async () => {
  expect(await messageOf('repositorys: {}\n')).toContain('is "repositories" meant?')
  expect(await messageOf('repositories:\n  a:\n    url: /x\n    limit-uplaod: 1M\n')).toContain('"limit-upload"')
  expect(await messageOf('default: nas\nrepositories:\n  nsa:\n    url: /x\n')).toContain('is "nsa" meant?')
})

test('limits, a driver and the sources of secrets are read, paths relative to the file', async () => {
  const file = configFile(`repositories:
  cloud:
    url: s3://bucket
    driver: drivers/mine.js
    limit-upload: 2MiB/s
    limit-download: 1000000
    password: {file: password}
    token: {env: TOKEN}
    s3-secret-access-key: {command: pass show s3}
    s3-access-key-id: {sealed: AQID}
plans:
  nightly: { anything: [goes, here] }
`)
  const folder = dirname(file)
  expect((await readConfiguration(file)).repositories.get('cloud')).toEqual({
    name: 'cloud',
    url: 's3://bucket',
    driver: join(folder, 'drivers/mine.js'),
    limits: { upload: 2 << 20, download: 1_000_000 },
    secrets: new Map<string, SecretSource>([
      ['password', { from: 'file', path: join(folder, 'password') }],
      ['token', { from: 'env', name: 'TOKEN' }],
      ['s3-secret-access-key', { from: 'command', command: 'pass show s3' }],
      ['s3-access-key-id', { from: 'sealed', sealed: Uint8Array.of(1, 2, 3) }],
    ]),
  })
})

test.each([
  ['a plain text', 'password: hunter2'],
  ['a number', 'token: 48151623'],
  ['an anchor that is none', 'password: *hunter2'],
  ['a key without a value', 'password: {hunter2}'],
  ['a list', 'password: [hunter2]'],
  ['two sources', 'password: {env: A, hunter2: B}'],
  ['a name that is none', 'password: {env: hunter-2}'],
  ['a sealed password', 'password: {sealed: aHVudGVyMg==}'],
  ['a text that is not sealed', 'token: {sealed: hunter2!}'],
  ['a block of text', 'password: |\n      hunter2'],
])('a secret in clear is refused and not repeated: %s', async (_, line) => {
  const message = await messageOf(`repositories:\n  home:\n    url: /srv\n    ${line}\n`)
  expect(message).toMatch(/BAD_CONFIGURATION|UsageError/)
  expect(message).not.toMatch(/hunter-?2|48151623|aHVudGVyMg/)
})

test('what to write instead of a secret in clear is said', async () => {
  const message = await messageOf('repositories:\n  home:\n    url: /srv\n    token: hunter2\n')
  for (const way of ['{env: NAME}', '{file: PATH}', '{command: "…"}', '--seal token']) expect(message).toContain(way)
})

test('a URL with a password is refused and not repeated', async () => {
  const message = await messageOf('repositories:\n  home:\n    url: sftp://ada:hunter2@host/x\n')
  expect(message).toContain('no password stands in a URL')
  expect(message).not.toContain('hunter2')
})

test('a URL with a password is not written either, nor repeated', async () => {
  const file = join(temporaryFolder(), 'config.yaml')
  const added = addRepository(file, { name: 'nas', url: 'sftp://ada:hunter2@nas/x', makeDefault: false })
  await expect(added).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
    message: expect.not.stringContaining('hunter2') as string,
  })
  expect(existsSync(file)).toBe(false)
})

test('settings are added to a repository that is there, and those that it has stay', async () => {
  const file = configFile('repositories:\n  # the slow one\n  nas:\n    url: sftp://nas/x\n    token: {env: T}\n')
  const sealed = new Uint8Array(300).fill(7)
  const settings = {
    limits: { upload: 5000, download: undefined },
    secrets: new Map<SecretKind, SecretSource>([
      ['password', { from: 'command', command: 'pass "my nas" # not a comment' }],
      ['sftp-password', { from: 'sealed', sealed }],
    ]),
  }
  await addRepository(file, { name: 'nas', url: 'sftp://nas/x', makeDefault: false, ...settings })
  const { limits, secrets } = (await readConfiguration(file)).repositories.get('nas')!
  expect(limits).toEqual(settings.limits)
  expect([...secrets.keys()].sort()).toEqual(['password', 'sftp-password', 'token'])
  for (const [kind, source] of settings.secrets) expect(secrets.get(kind)).toEqual(source)
  expect(readFileSync(file, 'utf8')).toContain('# the slow one')
})

test('aliases that unfold without end are refused', async () => {
  const levels = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
  for (let i = 1; i < 12; i++) {
    const [name, before] = [String.fromCharCode(97 + i), String.fromCharCode(96 + i)]
    levels.push(`${name}: &${name} [${Array<string>(10).fill(`*${before}`).join(',')}]`)
  }
  await expect(readConfiguration(configFile(levels.join('\n')))).rejects.toMatchObject({ code: 'BAD_CONFIGURATION' })
})
