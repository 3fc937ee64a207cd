import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { CliPlace, summaryOf } from '../support/cli.ts'

/** A place with a repository, files, and a key file for another machine that can only back up. */
async function placeWithLaptop(): Promise<{ place: CliPlace; laptop: { environment: Record<string, string> } }> {
  const place = new CliPlace()
  await place.init()
  writeFileSync(join(place.source, 'file'), 'content')
  const keyFile = join(place.folder, 'laptop.key')
  const { stdout } = await place.succeed(['key', 'export', keyFile, '--backup-only', '--label', 'laptop', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ keySet: 'backup-only', realm: 'laptop', isNewRealm: true })
  const home = join(place.folder, 'laptop-home')
  mkdirSync(home)
  return { place, laptop: { environment: { HOME: home, TIDEMARK_KEY_FILE: keyFile } } }
}

test('a machine with a backup-only key makes incremental points, and whatever reads them ends with exit code 12', async () => {
  const { place, laptop } = await placeWithLaptop()
  await place.succeed(['backup', place.source], laptop)
  writeFileSync(join(place.source, 'other'), 'more')
  const made = summaryOf((await place.succeed(['backup', place.source, '--json'], laptop)).stdout)
  expect(made).toMatchObject({ pointType: 'incremental', filesNew: 1, filesUnchanged: 1, bytesRead: 4 })
  const target = join(place.folder, 'target')
  for (const words of [
    ['ls', 'latest'],
    ['cat', `latest:${place.source}/file`],
    ['restore', 'latest', '--target', target],
    ['check'],
    ['prune'],
    ['key', 'rotate'],
    ['key', 'add', '--new-password-file', '/dev/null'],
  ]) {
    const { code, stderr } = await place.run(words, laptop)
    expect([words[0], code]).toEqual([words[0], 12])
    expect(stderr).toMatch(/a backup-only key cannot .*\nhint: Open the repository|hint: Check the bytes/)
  }
  const point = String(made['point'])
  await place.succeed(['restore', point, '--target', target])
  expect(readFileSync(join(target, place.source, 'other'), 'utf8')).toBe('more')
  await place.succeed(['check', '--read-data'])
})

test('what a full key forgets and prunes of such a machine, the machine does not take for stolen', async () => {
  const { place, laptop } = await placeWithLaptop()
  const first = summaryOf((await place.succeed(['backup', place.source, '--json'], laptop)).stdout)
  writeFileSync(join(place.source, 'other'), 'more')
  await place.succeed(['backup', place.source], laptop)
  await place.succeed(['forget', String(first['point'])])
  await place.succeed(['prune', '--exclusive'])
  const { stderr } = await place.succeed(['backup', place.source], laptop)
  expect(stderr).not.toMatch(/gone|nobody removed it/)
  await place.succeed(['check', '--read-data'])
})

test('a key cannot be given a realm by mistake, nor share that of the full keys unsaid', async () => {
  const { place } = await placeWithLaptop()
  const file = join(place.folder, 'another.key')
  expect(await place.run(['key', 'export', file, '--realm', 'x'])).toMatchObject({ code: 2 })
  const refused = await place.run(['key', 'export', file, '--backup-only', '--realm', 'home'])
  expect(refused).toMatchObject({ code: 2 })
  expect(refused.stderr).toContain('--share-home')
  const shared = await place.succeed(['key', 'export', file, '--backup-only', '--share-home'])
  expect(shared.stderr).toContain('can tell whether the others have a file')
})

test('keys are listed with their realms, and rotated for all of them', async () => {
  const { place, laptop } = await placeWithLaptop()
  const listed = JSON.parse((await place.succeed(['key', 'list', '--json'])).stdout) as Record<string, unknown>[]
  expect(listed.map(({ keySet, realm }) => [keySet, realm]).sort()).toEqual([
    ['backup-only', 'laptop'],
    ['full', null],
  ])
  const rotated = await place.succeed(['key', 'rotate', '--json'])
  expect(JSON.parse(rotated.stdout)).toMatchObject({ generation: 2, slots: 2, leftOut: [] })
  expect(rotated.stderr).toContain('It takes nothing back')
  await place.succeed(['backup', place.source], laptop)
  expect((await place.succeed(['points'])).stdout).toContain(place.source)
})

test('an older copy of the repository that is put back is noticed, until a person says that it was meant', async () => {
  const place = new CliPlace()
  await place.init()
  writeFileSync(join(place.source, 'file'), 'content')
  await place.succeed(['backup', place.source])
  const copy = join(place.folder, 'copy')
  cpSync(place.repository, copy, { recursive: true })
  writeFileSync(join(place.source, 'file'), 'changed')
  await place.succeed(['backup', place.source])
  rmSync(place.repository, { recursive: true })
  cpSync(copy, place.repository, { recursive: true })
  const hint = 'tidemark cache clear --accept-rollback'
  for (const [words, code, said] of [
    [['backup', place.source], 0, hint],
    [['check'], 4, hint],
    [['prune'], 1, 'Run `tidemark check`'],
  ] as const) {
    const result = await place.run(words)
    expect([words[0], result.code]).toEqual([words[0], code])
    expect(result.stderr + result.stdout).toContain(said)
  }
  await place.succeed(['cache', 'clear', '--accept-rollback'])
  await place.succeed(['check'])
  // An older config alone keeps everything from opening: it may list keys that were removed.
  await place.succeed(['key', 'rotate'])
  rmSync(place.repository, { recursive: true })
  cpSync(copy, place.repository, { recursive: true })
  const refused = await place.run(['backup', place.source])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(hint)
  await place.succeed(['cache', 'clear', '--accept-rollback'])
  await place.succeed(['backup', place.source])
})
