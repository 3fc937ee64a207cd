import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { byteStringOf } from '../../../src/base/byte-string.ts'
import { commonFolder } from '../../../src/engine/restore/path-selection.ts'
import type { OverwriteMode, RestoreOptions } from '../../../src/engine/restore-types.ts'
import { selectionOptions } from '../../../src/service/restore-options.ts'
import { closePool, RestoreFixture } from '../../support/restore-fixture.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

afterAll(closePool)

/** A point with `/home/ann/{docs,pics}` and `/srv/data`. */
async function openPoint(): Promise<RestoreFixture> {
  const fixture = await RestoreFixture.create()
  const docs = fixture.dir('docs', [
    fixture.file('a', 'docs a of the point'),
    fixture.file('b', 'docs b of the point'),
    fixture.dir('old', [fixture.file('c', 'docs old c'), fixture.file('d', 'docs old d')]),
  ])
  const pics = fixture.dir('pics', [fixture.file('x', 'pics x of the point'), fixture.file('y', 'pics y')])
  const home = fixture.dir('home', [fixture.dir('ann', [docs, fixture.file('note', 'a note'), pics])])
  return fixture.open([home, fixture.dir('srv', [fixture.dir('data', [fixture.file('z', 'z')])])])
}

function options(
  target: string,
  selections: Readonly<Record<string, OverwriteMode>>,
  more: { readonly without?: readonly string[]; readonly delete?: boolean } = {},
): RestoreOptions & { target: NonNullable<RestoreOptions['target']> } {
  const selection = {
    selections: Object.entries(selections).map(([path, overwrite]) => ({ path: byteStringOf(path), overwrite })),
    without: (more.without ?? []).map(byteStringOf),
  }
  const destination = { target: byteStringOf(target), delete: more.delete === true, verify: true }
  return { ...selectionOptions(selection, destination), target: destination.target }
}

test('selected paths land below the target as they lay below the folder that holds them all', async () => {
  expect(commonFolder(['/home/ann/docs', '/home/ann/pics/x'].map(byteStringOf))).toBe('/home/ann')
  expect(commonFolder(['/home/ann/docs', '/srv/data'].map(byteStringOf))).toBe('/')
  expect(commonFolder([byteStringOf('/home/ann')])).toBe('/home')
  expect(commonFolder([byteStringOf('/')])).toBe('/')

  const fixture = await openPoint()
  const target = join(temporaryFolder(), 'target')
  await fixture.restore(options(target, { '/home/ann/docs/old': 'never', '/home/ann/pics/x': 'never' }))
  expect(readFileSync(join(target, 'docs/old/c'), 'utf8')).toBe('docs old c')
  expect(readFileSync(join(target, 'pics/x'), 'utf8')).toBe('pics x of the point')
  for (const other of ['docs/a', 'note', 'pics/y']) expect(existsSync(join(target, other))).toBe(false)
})

test('each selection overwrites by its own mode, one inside another by the inner one', async () => {
  const fixture = await openPoint()
  const target = temporaryFolder()
  for (const folder of ['docs/old', 'pics']) mkdirSync(join(target, folder), { recursive: true })
  for (const file of ['docs/a', 'docs/old/c', 'pics/x']) writeFileSync(join(target, file), 'mine')
  const chosen = options(target, {
    '/home/ann/docs': 'never',
    '/home/ann/docs/old': 'always',
    '/home/ann/pics': 'if-changed',
  })
  const planned = await fixture.plan(chosen)
  expect(planned.sort()).toEqual([
    'create /docs/b',
    'create /docs/old/d',
    'create /pics/y',
    'keep /docs',
    'keep /docs/a',
    'overwrite /docs/old',
    'overwrite /docs/old/c',
    'overwrite /pics',
    'overwrite /pics/x',
  ])
  await fixture.restore(chosen)
  expect(readFileSync(join(target, 'docs/a'), 'utf8')).toBe('mine')
  expect(readFileSync(join(target, 'docs/old/c'), 'utf8')).toBe('docs old c')
  expect(readFileSync(join(target, 'pics/x'), 'utf8')).toBe('pics x of the point')
})

test('what stays out is neither restored nor deleted, and a selection inside of it comes back all the same', async () => {
  const fixture = await openPoint()
  const target = temporaryFolder()
  mkdirSync(join(target, 'docs/old'), { recursive: true })
  mkdirSync(join(target, 'docs/kept'))
  for (const file of ['docs/stranger', 'docs/old/stranger', 'docs/kept/mine', 'elsewhere'])
    writeFileSync(join(target, file), 'mine')
  const chosen = options(
    target,
    { '/home/ann/docs': 'always', '/home/ann/docs/old/c': 'always', '/home/ann/note': 'never' },
    { without: ['/home/ann/docs/old', '/home/ann/docs/b', '/home/ann/docs/kept'], delete: true },
  )
  await fixture.restore(chosen)
  const there = (name: string): boolean => existsSync(join(target, name))
  expect(there('docs/stranger')).toBe(false)
  expect(
    ['docs/old/stranger', 'docs/kept/mine', 'elsewhere', 'docs/a', 'docs/old/c', 'note'].filter(there),
  ).toHaveLength(6)
  expect(['docs/old/d', 'docs/b'].filter(there)).toEqual([])
})

test('folders that only lead to what was selected are left as they are', async () => {
  const fixture = await openPoint()
  const target = temporaryFolder()
  mkdirSync(join(target, 'pics'), { mode: 0o700 })
  const chosen = options(target, { '/home/ann/pics/x': 'always', '/home/ann/docs/a': 'always' })
  expect((await fixture.plan(chosen)).sort()).toEqual(['create /docs', 'create /docs/a', 'create /pics/x'])
  await fixture.restore(chosen)
  expect(statSync(join(target, 'pics')).mode & 0o777).toBe(0o700)
})

test('something else in the place of a folder on the way fails the selection, with a word', async () => {
  const fixture = await openPoint()
  const target = temporaryFolder()
  writeFileSync(join(target, 'pics'), 'a file')
  const { failures } = await fixture.restore(
    options(target, { '/home/ann/pics/x': 'always', '/home/ann/docs/a': 'always' }),
  )
  expect(failures).toHaveLength(1)
  expect(failures[0]?.error.message).toMatch(/something else stands where/)
  expect(readFileSync(join(target, 'pics'), 'utf8')).toBe('a file')
  expect(existsSync(join(target, 'docs/a'))).toBe(true)
})

test('a selection that the point does not have is refused before anything is written', async () => {
  const fixture = await openPoint()
  const target = join(temporaryFolder(), 'target')
  await expect(fixture.restore(options(target, { '/home/ann/nothing': 'always' }))).rejects.toMatchObject({
    code: 'UNKNOWN_PATH',
  })
  expect(existsSync(target)).toBe(false)
})
