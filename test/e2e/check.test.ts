import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { CliPlace, summaryOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { runHere } from '../support/run-here.ts'

interface Event {
  readonly type: string
  readonly kind?: string
  readonly path?: string
  readonly object?: string | null
}

function eventsOf(stdout: string): Event[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
}

/** Returns the files of a kind of object, the largest first. */
function objectFiles(repository: string, kind: string): string[] {
  const files = readdirSync(join(repository, kind), { recursive: true, withFileTypes: true })
  const paths = files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return paths.sort((a, b) => readFileSync(b).byteLength - readFileSync(a).byteLength)
}

function flip(file: string, offset: number): void {
  const bytes = readFileSync(file)
  bytes[offset] = (bytes[offset] ?? 0) ^ 16
  chmodSync(file, 0o600)
  writeFileSync(file, bytes)
}

async function placeWithPoint(): Promise<CliPlace> {
  const place = new CliPlace()
  mkdirSync(join(place.source, 'folder'))
  writeFileSync(join(place.source, 'folder', 'large'), patternBytes(300_000, 5))
  writeFileSync(join(place.source, 'other'), 'other')
  await place.init()
  await place.succeed(['backup', place.source])
  return place
}

test('damage is found, named, healed from the files that are still there, and gone', async () => {
  const place = await placeWithPoint()
  expect((await place.succeed(['check'])).stdout).toContain('No damage found')
  const [pack] = objectFiles(place.repository, 'packs')
  flip(pack!, 5000)

  const objects = await place.run(['check', '--objects', '--json'], { environment: { TIDEMARK_PASSWORD: '' } })
  expect(objects.code).toBe(4)
  expect(eventsOf(objects.stdout).filter(({ type }) => type === 'finding')).toHaveLength(1)
  expect((await place.run(['check'])).code).toBe(0)

  const found = await place.run(['check', '--read-data', '--json'])
  expect(found.code).toBe(4)
  const message = expect.stringMatching(
    /^packs\/\S+ is damaged: frame 0 does not verify \(1 of its frames\)$/,
  ) as string
  expect(eventsOf(found.stdout)).toContainEqual(expect.objectContaining({ type: 'finding', message }))
  const affected = eventsOf(found.stdout).filter(({ type }) => type === 'affected')
  expect(affected.map(({ path }) => path)).toContain(join(place.source, 'folder', 'large'))
  expect(summaryOf(found.stdout)).toMatchObject({ points: 1, damage: 1, affected: [{ entries: affected.length }] })

  const copy = join(place.folder, 'copy')
  cpSync(place.source, join(copy, place.source), { recursive: true })
  rmSync(place.source, { recursive: true })
  const dry = await place.run(['check', '--repair', '--dry-run', '--heal-from', copy])
  expect([dry.code, dry.stdout]).toEqual([4, expect.stringContaining('would be stored again')])
  const repaired = await place.run(['check', '--repair', '--heal-from', copy])
  expect([repaired.code, repaired.stdout]).toEqual([0, expect.stringContaining('no damage is left')])
  expect((await place.run(['check', '--read-data', '--json'])).code).toBe(0)
  const target = join(place.folder, 'target')
  await place.succeed(['restore', 'latest', '--target', target, '--verify'])
  expect(readFileSync(join(target, place.source, 'folder', 'large'))).toEqual(Buffer.from(patternBytes(300_000, 5)))
})

test('another repository heals with its own password, and a sample is a percentage', async () => {
  const place = await placeWithPoint()
  const other = join(place.folder, 'other-repository')
  const environment = { TIDEMARK_PASSWORD: 'another', TIDEMARK_REPOSITORY: other }
  await place.succeed(['init', '--no-recovery', '--kdf-memory', '8M'], { environment })
  await place.succeed(['backup', place.source], { environment })
  const [pack] = objectFiles(place.repository, 'packs')
  flip(pack!, 5000)
  expect((await place.run(['check', '--read-data=100%'])).code).toBe(4)
  const password = join(place.folder, 'password')
  writeFileSync(password, 'another\n', { mode: 0o600 })
  const heal = ['check', '--repair', '--heal-from', other, '--heal-password-file', password]
  expect((await place.succeed(heal)).stdout).toContain('no damage is left')
  expect((await place.run(['check', '--read-data=0'])).code).toBe(2)
})

test('a repository whose config is lost or damaged is opened again by a repair', async () => {
  const place = await placeWithPoint()
  const [config] = objectFiles(place.repository, 'config')
  flip(config!, 40)
  expect((await place.run(['check'])).code).toBe(4)
  await place.succeed(['check', '--repair'])
  await place.succeed(['check'])
  for (const file of objectFiles(place.repository, 'config')) rmSync(file, { force: true })
  expect((await place.run(['check', '--json'])).code).toBe(4)
  await place.succeed(['check', '--repair'])
  await place.succeed(['check'])
  await place.succeed(['backup', place.source])
})

test('options that do not go together are refused', async () => {
  const place = new CliPlace()
  await place.init()
  for (const words of [
    ['check', '--heal-from', '/'],
    ['check', '--dry-run'],
    ['check', '--objects', '--read-data'],
    ['check', '--objects', '--repair'],
    ['check', '--read-data=101'],
    ['check', '--repair', '--heal-from', join(place.folder, 'nothing')],
  ]) {
    const { code, stderr } = await runHere(words, place)
    expect([words, code, stderr]).toEqual([words, 2, expect.stringContaining('hint: ')])
  }
})
