import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { addRepository, readConfiguration, removeRepository } from '../../src/service/configuration.ts'
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
  expect([...two.repositories.values()]).toEqual([
    { name: 'home', url: '/srv/home' },
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
  ['an unknown setting', 'repositories:\n  home:\n    url: /srv\n    colour: red\n', 4, 'repositories.home.colour'],
  ['a value of another kind', 'repositories:\n  home:\n    url: [a]\n', 3, 'repositories.home.url'],
  ['a relative path', 'repositories:\n  home:\n    url: srv/home\n', 3, 'repositories.home.url'],
  ['a default that is none', 'default: nobody\n', 1, 'default'],
  ['a name that is a path', 'repositories:\n  a/b:\n    url: /srv\n', 3, 'repositories.a/b'],
  ['broken YAML', 'repositories:\n  home: {url: /srv\n', 3, ''],
  ['a key that stands twice', 'default: a\ndefault: b\n', 2, ''],
])('%s is told with file, line and key', async (_, text, line, key) => {
  const file = configFile(text)
  const error: unknown = await readConfiguration(file).catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: 'BAD_CONFIGURATION', context: { file, line } })
  expect((error as Error).message).toContain(`${file}, line ${line}: ${key}`)
})

test('aliases that unfold without end are refused', async () => {
  const levels = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
  for (let i = 1; i < 12; i++) {
    const [name, before] = [String.fromCharCode(97 + i), String.fromCharCode(96 + i)]
    levels.push(`${name}: &${name} [${Array<string>(10).fill(`*${before}`).join(',')}]`)
  }
  await expect(readConfiguration(configFile(levels.join('\n')))).rejects.toMatchObject({ code: 'BAD_CONFIGURATION' })
})
