import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { suggestRepositoryName } from '../../src/service/repository-name.ts'
import { resolveRepository } from '../../src/service/resolve-repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function ask(
  given: string | undefined,
  yaml = 'default: home\nrepositories:\n  home:\n    url: /srv/home\n',
  more = {},
) {
  const folder = temporaryFolder()
  const configFile = join(folder, 'config.yaml')
  writeFileSync(configFile, yaml)
  return resolveRepository({ given, configFile, workingDirectory: '/place/here', ...more })
}

test('a configured name is its location, and the default is used when nothing is named', async () => {
  const configured = { name: 'home', url: '/srv/home' }
  expect(await ask('home')).toMatchObject({ ...configured, configured })
  expect(await ask(undefined)).toMatchObject({ ...configured, configured })
})

test('paths are taken from the working directory, without reading the configuration', async () => {
  const broken = '{'
  const unnamed = { name: undefined, configured: undefined }
  expect(await ask('./store', broken)).toEqual({ ...unnamed, url: '/place/here/store' })
  expect(await ask('../a/./b/', broken)).toEqual({ ...unnamed, url: '/place/a/b' })
  expect(await ask('/x', broken)).toEqual({ ...unnamed, url: '/x' })
})

test('a word that is no configured name is the path of a folder, also of one that is yet to be made', async () => {
  const workingDirectory = temporaryFolder()
  mkdirSync(join(workingDirectory, 'store'))
  const url = join(workingDirectory, 'store')
  expect(await ask('store', '', { workingDirectory })).toMatchObject({ name: undefined, url })
  expect((await ask('new', '', { isNew: true })).url).toBe('/place/here/new')
})

test('a word that is neither a configured name nor a folder is told as both, with the name that is near', async () => {
  await expect(ask('hmoe')).rejects.toMatchObject({
    code: 'NO_REPOSITORY',
    message: 'no repository "hmoe" is configured, and there is no folder /place/here/hmoe',
    hint: expect.stringContaining('"home"') as string,
  })
})

test('file URLs become paths, other URLs stay', async () => {
  expect((await ask('file:/srv/a%20b')).url).toBe('/srv/a b')
  expect((await ask('file:///srv/x/')).url).toBe('/srv/x')
  expect((await ask('sftp://host/x')).url).toBe('sftp://host/x')
  await expect(ask('file://elsewhere/x')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

test('without a name and a default the user is told how to give one', async () => {
  await expect(ask(undefined, '')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

test('a suggested name comes from the path and is free', () => {
  expect(suggestRepositoryName('/mnt/usb/escapepod/', new Set())).toBe('escapepod')
  expect(suggestRepositoryName('/mnt/usb/escapepod', new Set(['escapepod', 'escapepod-2']))).toBe('escapepod-3')
  expect(suggestRepositoryName('s3://bucket/my backups?region=x', new Set())).toBe('my-backups')
  expect(suggestRepositoryName('/', new Set())).toBe('repository')
})
