import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

import { beforeEach, describe, expect, test } from 'vitest'

import { type LocalDriver, openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { INDEX_BYTES_MAX } from '../../../src/base/limits.ts'
import type { ObjectName } from '../../../src/storage/driver.ts'
import { freshName, listIds } from '../../support/objects.ts'
import { STRANGE_THINGS } from '../../support/strange-things.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

describe('a store into which someone put strange files', () => {
  let outside: string
  let root: string
  let driver: LocalDriver
  let stored: ObjectName

  beforeEach(async () => {
    const folder = temporaryFolder()
    outside = join(folder, 'outside')
    root = join(folder, 'store')
    mkdirSync(outside)
    mkdirSync(root)
    driver = await openLocalDriver({ root })
    stored = freshName()
    await driver.put(stored, [utf8('stored')])
  })

  test('a link in place of an object is not read, not listed, not overwritten, and removed without its target', async () => {
    const object = freshName('index')
    writeFileSync(join(outside, 'secret'), 'secret')
    mkdirSync(join(root, 'index'))
    symlinkSync(join(outside, 'secret'), join(root, 'index', object.id))
    await expect(driver.get(object)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(driver.stat(object)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(driver.put(object, [utf8('x')])).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect(await listIds(driver, 'index')).toEqual([])
    await driver.remove(object)
    expect(readdirSync(join(root, 'index'))).toEqual([])
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
  })

  test.each(['index', 'packs'] as const)('a link in place of a folder of %s leads nowhere', async (kind) => {
    let object = freshName(kind)
    // One pack in 256 would lie in a folder that is there already.
    while (existsSync(dirname(driver.localFile(object)))) object = freshName(kind)
    const folder = dirname(driver.localFile(object))
    mkdirSync(dirname(folder), { recursive: true })
    symlinkSync(outside, folder)
    writeFileSync(join(outside, object.id), 'outside')
    const opened = await openLocalDriver({ root })
    const refused = { code: 'STORE_FAILED', message: expect.stringContaining(folder) as string }
    await expect(opened.get(object)).rejects.toMatchObject(refused)
    await expect(opened.stat(object)).rejects.toMatchObject(refused)
    await expect(opened.put(object, [utf8('x')])).rejects.toMatchObject(refused)
    await expect(opened.remove(object)).rejects.toMatchObject(refused)
    await expect(listIds(opened, kind)).rejects.toMatchObject(refused)
    expect(readdirSync(outside)).toEqual([object.id])
  })

  test('a linked folder for temporary files is not written through', async () => {
    renameSync(join(root, 'tmp'), join(root, 'was-tmp'))
    symlinkSync(outside, join(root, 'tmp'))
    const opened = await openLocalDriver({ root })
    await expect(opened.put(freshName(), [utf8('x')])).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect(readdirSync(outside)).toEqual([])
  })

  test('names that are no objects, and objects in the wrong folder, are passed over', async () => {
    const folder = dirname(driver.localFile(stored))
    const elsewhere = freshName()
    const wrong = `${stored.id.startsWith('00') ? 'ff' : '00'}${elsewhere.id.slice(2)}`
    for (const name of [
      'README',
      `${stored.id}.bak`,
      stored.id.toUpperCase().replace(/\d/g, 'A'),
      stored.id.slice(1),
    ]) {
      writeFileSync(join(folder, name), 'x')
    }
    writeFileSync(join(folder, wrong), 'x')
    writeFileSync(join(root, 'packs', stored.id), 'x')
    mkdirSync(join(root, 'packs', 'zz'))
    mkdirSync(join(folder, `${stored.id.slice(0, 2)}${'0'.repeat(62)}`))
    expect(await listIds(driver, 'packs')).toEqual([stored.id])
  })

  test.each(STRANGE_THINGS)('%s in place of an object is as good as none, and holds nobody up', async (_what, put) => {
    const object = freshName('index')
    const path = join(root, 'index', object.id)
    mkdirSync(join(root, 'index'))
    await put(path)
    const gone = { code: 'NOT_FOUND', retry: 'never', message: expect.stringContaining(path) as string }
    await expect(driver.get(object)).rejects.toMatchObject(gone)
    await expect(driver.get(object, { offset: 0, length: 1 })).rejects.toMatchObject(gone)
    await expect(driver.stat(object)).rejects.toMatchObject(gone)
    expect(await listIds(driver, 'index')).toEqual([])
    // Nobody may take it for what was to be stored.
    await expect(driver.put(object, [utf8('x')])).rejects.toMatchObject({ code: 'STORE_FAILED', retry: 'never' })
    expect(readdirSync(join(root, 'tmp'))).toEqual([])
  })

  test('a file larger than any object is refused before memory is taken for it', async () => {
    const object = freshName('index')
    mkdirSync(join(root, 'index'))
    writeFileSync(join(root, 'index', object.id), 'head')
    truncateSync(join(root, 'index', object.id), 2 ** 42)
    await expect(driver.get(object)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    const tooLong = { offset: 0, length: INDEX_BYTES_MAX + 1 }
    await expect(driver.get(object, tooLong)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect(await driver.get(object, { offset: 0, length: 4 })).toEqual(utf8('head'))
  })
})
