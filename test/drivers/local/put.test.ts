import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, statSync, utimesSync, writeFileSync, mkdirSync } from 'node:fs'
import { link } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { expect, test } from 'vitest'

import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { processTag } from '../../../src/base/process-identity.ts'
import { objectPath } from '../../../src/storage/driver.ts'
import { deadProcessTag } from '../../support/dead-process.ts'
import { freshName, listIds, objectNamed } from '../../support/objects.ts'
import { rootTest } from '../../support/root-test.ts'
import { temporaryFolder, temporaryVolume } from '../../support/temporary-folder.ts'

const DAY_S = 24 * 3600

test('objects lie at their paths, read-only, in folders of their owner, and no temporary file stays', async () => {
  const root = temporaryFolder()
  const driver = await openLocalDriver({ root })
  for (const object of [freshName('packs'), freshName('points')]) {
    await driver.put(object, [utf8('x')])
    const path = join(root, objectPath(object))
    expect(driver.localFile(object)).toBe(path)
    expect(statSync(path).mode & 0o777).toBe(0o400)
    expect(statSync(path).nlink).toBe(1)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
  }
  expect(readdirSync(join(root, 'tmp'))).toEqual([])
})

test('a writer killed between writing and naming leaves nothing under the name', () => {
  const root = temporaryFolder()
  const driverUrl = pathToFileURL(join(import.meta.dirname, '../../../drivers/local/local-driver.ts')).href
  const object = objectNamed('killed')
  const child = spawnSync(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { openLocalDriver } from ${JSON.stringify(driverUrl)}
     const link = () => process.kill(process.pid, 'SIGKILL')
     const driver = await openLocalDriver({ root: ${JSON.stringify(root)}, link })
     await driver.put(${JSON.stringify(object)}, [new Uint8Array(1000)])`,
  ])
  expect(child.signal, child.stderr.toString()).toBe('SIGKILL')
  expect(readdirSync(join(root, 'packs', object.id.slice(0, 2)))).toEqual([])
  expect(readdirSync(join(root, 'tmp'))).toHaveLength(1)
})

test('a put that finds its name taken removes its temporary file', async () => {
  const root = temporaryFolder()
  const driver = await openLocalDriver({ root })
  const object = freshName()
  await driver.put(object, [utf8('x')])
  await expect(driver.put(object, [utf8('y')])).rejects.toMatchObject({ code: 'EXISTS' })
  expect(readdirSync(join(root, 'tmp'))).toEqual([])
})

test('temporary files of a writer of this machine go with the first put once it has ended, however young', async () => {
  const root = temporaryFolder()
  mkdirSync(join(root, 'tmp'))
  const random = 'c'.repeat(32)
  const living = `${random}-${processTag()}`
  const elsewhere = `${random}-0123456789abcdef-1-1`
  for (const name of [`${random}-${deadProcessTag()}`, living, elsewhere]) writeFileSync(join(root, 'tmp', name), 'x')
  await (await openLocalDriver({ root })).put(freshName(), [utf8('x')])
  expect(readdirSync(join(root, 'tmp')).sort()).toEqual([elsewhere, living].sort())
})

test('temporary files older than a day go with the first put; younger and foreign ones stay', async () => {
  const root = temporaryFolder()
  mkdirSync(join(root, 'tmp'))
  const nowS = Date.now() / 1000
  const leave = (name: string, ageS: number) => {
    writeFileSync(join(root, 'tmp', name), 'x')
    utimesSync(join(root, 'tmp', name), nowS - ageS, nowS - ageS)
  }
  leave('a'.repeat(32), DAY_S + 60)
  leave('b'.repeat(32), DAY_S - 60)
  leave('notes.txt', 30 * DAY_S)
  const driver = await openLocalDriver({ root })
  await driver.put(freshName(), [utf8('x')])
  expect(readdirSync(join(root, 'tmp')).sort()).toEqual(['b'.repeat(32), 'notes.txt'])
})

test('without hard links an object is renamed into place, and the driver says it is no longer exclusive', async () => {
  const root = temporaryFolder()
  let asked = 0
  const refused = () => {
    asked++
    return Promise.reject(Object.assign(new Error('no links'), { code: 'ENOTSUP' }))
  }
  const driver = await openLocalDriver({ root, link: refused })
  expect(driver.capabilities.exclusivePut).toBe(true)
  const object = freshName()
  await driver.put(object, [utf8('first')])
  expect(driver.capabilities.exclusivePut).toBe(false)
  await expect(driver.put(object, [utf8('second')])).rejects.toMatchObject({ code: 'EXISTS' })
  expect(await driver.get(object)).toEqual(utf8('first'))
  expect(asked).toBe(1)
  expect(readdirSync(join(root, 'tmp'))).toEqual([])
})

test('without hard links, of two puts of one process exactly one wins', async () => {
  const driver = await openLocalDriver({ root: temporaryFolder(), hardLinks: false })
  const object = freshName()
  const results = await Promise.allSettled([driver.put(object, [utf8('a')]), driver.put(object, [utf8('b')])])
  expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('a failure to name the object is reported and its temporary file removed', async () => {
  const root = temporaryFolder()
  const broken = () => Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }))
  const driver = await openLocalDriver({ root, link: broken })
  await expect(driver.put(freshName(), [utf8('x')])).rejects.toMatchObject({
    code: 'STORE_FAILED',
    retry: 'transient',
    context: { errno: 'EIO' },
  })
  expect(readdirSync(join(root, 'tmp'))).toEqual([])
  expect(await listIds(driver, 'packs')).toEqual([])
})

test('a signal aborted before the object is named removes the temporary file', async () => {
  const root = temporaryFolder()
  const controller = new AbortController()
  const driver = await openLocalDriver({ root })
  const reason = new Error('stop')
  const put = driver.put(freshName(), [new Uint8Array(8 << 20)], controller.signal)
  controller.abort(reason)
  await expect(put).rejects.toBe(reason)
  expect(readdirSync(join(root, 'tmp'))).toEqual([])
  expect(await listIds(driver, 'packs')).toEqual([])
})

test('a fan-out folder that someone removed meanwhile fails a put once, then is made again', async () => {
  const root = temporaryFolder()
  let removed = false
  const driver = await openLocalDriver({
    root,
    link: async (existing, path) => {
      if (!removed) execFileSync('rmdir', [join(path, '..')])
      removed = true
      await link(existing, path)
    },
  })
  const object = freshName()
  await expect(driver.put(object, [utf8('x')])).rejects.toMatchObject({ code: 'STORE_FAILED', retry: 'transient' })
  await driver.put(object, [utf8('x')])
  expect(await driver.get(object)).toEqual(utf8('x'))
})

rootTest('a detached volume is unavailable, not an empty store', async () => {
  const volume = temporaryVolume(4 << 20)
  const driver = await openLocalDriver({ root: volume.path })
  const object = freshName()
  await driver.put(object, [utf8('x')])
  execFileSync('umount', [volume.path])
  try {
    for (const call of [
      () => driver.get(object),
      () => driver.stat(object),
      () => driver.remove(object),
      () => driver.put(freshName(), [utf8('y')]),
      () => listIds(driver, 'packs'),
      () => listIds(driver, 'points'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'transient' })
    }
    expect(readdirSync(volume.path)).toEqual([])
  } finally {
    // The test's own clean-up expects something mounted.
    execFileSync('mount', ['-t', 'tmpfs', 'tidemark-test', volume.path])
  }
})
