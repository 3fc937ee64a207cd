import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { suggestRepositoryName } from '../../src/service/repository-name.ts'
import { resolveRepository } from '../../src/service/resolve-repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function ask(given: string | undefined, yaml = 'default: home\nrepositories:\n  home:\n    url: /srv/home\n') {
  const folder = temporaryFolder()
  const configFile = join(folder, 'config.yaml')
  writeFileSync(configFile, yaml)
  return resolveRepository({ given, configFile, workingDirectory: '/place/here' })
}

test('a configured name is its location, and the default is used when nothing is named', async () => {
  expect(await ask('home')).toEqual({ name: 'home', url: '/srv/home' })
  expect(await ask(undefined)).toEqual({ name: 'home', url: '/srv/home' })
})

test('paths are taken from the working directory, without reading the configuration', async () => {
  const broken = '{'
  expect(await ask('./store', broken)).toEqual({ name: undefined, url: '/place/here/store' })
  expect(await ask('../a/./b/', broken)).toEqual({ name: undefined, url: '/place/a/b' })
  expect(await ask('/x', broken)).toEqual({ name: undefined, url: '/x' })
})

test('a word that is no configured name is a path', async () => {
  expect(await ask('store')).toEqual({ name: undefined, url: '/place/here/store' })
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
