import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createStore } from '../../../drivers/local/create-store.ts'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { freshName } from '../../support/objects.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

test('a store is made with its missing parents, for its owner alone, and stays empty', async () => {
  const root = join(temporaryFolder(), 'a', 'b', 'c')
  await createStore(root)
  expect(readdirSync(root)).toEqual([])
  expect(statSync(root).mode & 0o777).toBe(0o700)
})

test('an empty folder, a fresh volume and the rest of an earlier attempt may become a store', async () => {
  const root = temporaryFolder()
  await createStore(root)
  for (const name of ['lost+found', 'tmp', 'config', 'keys']) mkdirSync(join(root, name))
  await createStore(root)
  expect(readdirSync(root).sort()).toEqual(['config', 'keys', 'lost+found', 'tmp'])
})

test('a folder with anything else in it is refused by name and left alone', async () => {
  const root = temporaryFolder()
  writeFileSync(join(root, 'thesis.odt'), 'x')
  await expect(createStore(root)).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
    message: expect.stringContaining('thesis.odt') as string,
  })
  for (const path of ['thesis.odt', 'thesis.odt/below']) {
    await expect(createStore(join(root, path))).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  }
  expect(readdirSync(root)).toEqual(['thesis.odt'])
})

test('a folder that is not there, or is a file, is no repository', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'file'), 'x')
  for (const name of ['nothing', 'file', 'file/below', 'nothing/below']) {
    // What is not there may come back with its disk.
    const retry = name === 'file' ? 'never' : 'transient'
    await expect(openLocalDriver({ root: join(folder, name) })).rejects.toMatchObject({ code: 'NO_REPOSITORY', retry })
  }
  expect(readdirSync(folder)).toEqual(['file'])
})

test('opening and reading write nothing', async () => {
  const root = temporaryFolder()
  const driver = await openLocalDriver({ root })
  await expect(driver.get(freshName())).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await driver.remove(freshName())
  expect(readdirSync(root)).toEqual([])
})

test('the root may be a symbolic link', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'real'))
  symlinkSync('real', join(folder, 'link'))
  const driver = await openLocalDriver({ root: join(folder, 'link') })
  const object = freshName('index')
  await driver.put(object, [utf8('x')])
  expect(readdirSync(join(folder, 'real', 'index'))).toEqual([object.id])
  expect(driver.location).toBe(join(folder, 'link'))
})

test.runIf(process.platform === 'linux')('where nobody can make folders, that is what is said', async () => {
  for (const root of ['/proc/none', '/proc/none/below']) {
    await expect(createStore(root)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: '/proc/none cannot be made: nobody can make folders there, or a link leads nowhere',
    })
  }
})
