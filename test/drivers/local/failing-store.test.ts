import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createStore } from '../../../drivers/local/create-store.ts'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { storeError } from '../../../drivers/local/local-errors.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { TidemarkError } from '../../../src/base/errors.ts'
import { freshName, listIds } from '../../support/objects.ts'
import { rootTest } from '../../support/root-test.ts'
import { temporaryFolder, temporaryVolume } from '../../support/temporary-folder.ts'

const NOBODY = 65_534

rootTest('a full store says so, keeps what it has, leaves nothing behind and takes what still fits', async () => {
  const volume = temporaryVolume(4 << 20)
  const driver = await openLocalDriver({ root: volume.path })
  const first = freshName()
  await driver.put(first, [new Uint8Array(1 << 20).fill(7)])
  const tooLarge = freshName()
  await expect(driver.put(tooLarge, [new Uint8Array(2 << 20), new Uint8Array(2 << 20)])).rejects.toMatchObject({
    code: 'STORE_FULL',
    retry: 'never',
    context: { errno: 'ENOSPC' },
    hint: expect.stringContaining('tidemark prune') as string,
  })
  expect(readdirSync(join(volume.path, 'tmp'))).toEqual([])
  await expect(driver.stat(tooLarge)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  const small = freshName()
  await driver.put(small, [new Uint8Array(2 << 20)])
  expect(await listIds(driver, 'packs')).toEqual([first.id, small.id].sort())
  expect((await driver.get(first)).every((byte) => byte === 7)).toBe(true)
})

rootTest('a read-only store is read as before and refuses puts and removals as read-only', async () => {
  const volume = temporaryVolume(4 << 20)
  const writer = await openLocalDriver({ root: volume.path })
  const object = freshName()
  await writer.put(object, [utf8('kept')])
  volume.remount('ro')
  const reader = await openLocalDriver({ root: volume.path })
  for (const driver of [writer, reader]) {
    expect(await driver.get(object)).toEqual(utf8('kept'))
    expect(await listIds(driver, 'packs')).toEqual([object.id])
    for (const kind of ['packs', 'points'] as const) {
      await expect(driver.put(freshName(kind), [utf8('x')])).rejects.toMatchObject({ code: 'STORE_READ_ONLY' })
    }
    await expect(driver.remove(object)).rejects.toMatchObject({ code: 'STORE_READ_ONLY' })
  }
  await expect(createStore(join(volume.path, 'new'))).rejects.toMatchObject({ code: 'STORE_READ_ONLY' })
})

rootTest('another user is denied, by name of the path', async () => {
  const folder = temporaryFolder()
  chmodSync(folder, 0o755)
  const root = join(folder, 'store')
  await createStore(root)
  const driver = await openLocalDriver({ root })
  const object = freshName()
  await driver.put(object, [utf8('private')])
  // Even where the folders let another user in, the objects do not.
  for (const path of [root, join(root, 'packs'), join(root, 'packs', object.id.slice(0, 2)), join(root, 'tmp')]) {
    chmodSync(path, 0o755)
  }
  await asUser(NOBODY, async () => {
    const other = await openLocalDriver({ root })
    const denied = { code: 'STORE_DENIED', retry: 'never' }
    await expect(other.get(object)).rejects.toMatchObject({ ...denied, context: { path: other.localFile(object) } })
    await expect(other.put(freshName(), [utf8('x')])).rejects.toMatchObject(denied)
    await expect(other.remove(object)).rejects.toMatchObject(denied)
    await expect(createStore(join(root, 'new'))).rejects.toMatchObject(denied)
  })
  chmodSync(root, 0o700)
  await asUser(NOBODY, async () => {
    const lockedOut = await openLocalDriver({ root })
    await expect(lockedOut.put(freshName(), [])).rejects.toMatchObject({ code: 'STORE_DENIED' })
    await expect(lockedOut.get(object)).rejects.toMatchObject({ code: 'STORE_DENIED' })
    await expect(listIds(lockedOut, 'packs')).rejects.toMatchObject({ code: 'STORE_DENIED' })
  })
})

test.each([
  ['ENOSPC', 'STORE_FULL', 'never'],
  ['EDQUOT', 'STORE_FULL', 'never'],
  ['EROFS', 'STORE_READ_ONLY', 'never'],
  ['EACCES', 'STORE_DENIED', 'never'],
  ['EPERM', 'STORE_DENIED', 'never'],
  ['EIO', 'STORE_FAILED', 'transient'],
  ['ESTALE', 'STORE_UNAVAILABLE', 'transient'],
  ['EMFILE', 'STORE_FAILED', 'transient'],
  ['ELOOP', 'STORE_FAILED', 'never'],
])('%s becomes %s, retry %s, with the errno, the path, the cause and a hint', (errno, code, retry) => {
  const cause = Object.assign(new Error(errno), { code: errno })
  const error = storeError(cause, { doing: 'writing', path: '/store/x' })
  expect(error).toMatchObject({ code, retry, cause, context: { errno, path: '/store/x' } })
  expect(error).toBeInstanceOf(TidemarkError)
  expect((error as TidemarkError).hint).toMatch(/\.$/)
  expect((error as TidemarkError).message).toContain('writing /store/x')
})

test('what is no error of the file system stays what it is', () => {
  const where = { doing: 'writing', path: '/store/x' }
  const bug = new TypeError('a bug')
  const argument = Object.assign(new TypeError('a bug'), { code: 'ERR_INVALID_ARG_TYPE' })
  for (const error of [bug, argument]) expect(storeError(error, where)).toBe(error)
})

async function asUser(uid: number, act: () => Promise<void>): Promise<void> {
  process.seteuid?.(uid)
  try {
    await act()
  } finally {
    process.seteuid?.(0)
  }
}
