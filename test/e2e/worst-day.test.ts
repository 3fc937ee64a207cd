import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { CliPlace, summaryOf } from '../support/cli.ts'
import { INIT_WORDS } from '../support/program.ts'

test('--delete in place spares the repository and all that the point left out', async () => {
  const place = new CliPlace()
  const inside = (...names: string[]): string => join(place.source, ...names)
  const repository = ['-r', inside('repository')]
  for (const folder of ['unwanted', 'excluded', 'kept']) mkdirSync(inside(folder))
  writeFileSync(inside('unwanted', '.nobackup'), '')
  writeFileSync(inside('unwanted', 'file'), 'left out')
  writeFileSync(inside('excluded', 'a.iso'), 'left out')
  writeFileSync(inside('kept', 'file'), 'backed up')
  await place.succeed([...INIT_WORDS, ...repository])
  await place.succeed(['backup', ...repository, '--exclude', '*.iso', place.source])
  writeFileSync(inside('kept', 'stranger'), 'came later')

  await place.succeed(['restore', ...repository, `latest:${place.source}`, '--in-place', '--delete', '--yes'])
  expect(existsSync(inside('kept', 'stranger'))).toBe(false)
  expect(readFileSync(inside('unwanted', 'file'), 'utf8')).toBe('left out')
  expect(readFileSync(inside('excluded', 'a.iso'), 'utf8')).toBe('left out')
  await place.succeed(['points', ...repository])
})

test('a restore into the repository is refused', async () => {
  const place = new CliPlace()
  writeFileSync(join(place.source, 'file'), 'x')
  await place.init()
  await place.succeed(['backup', place.source])
  const { code, stderr } = await place.run(['restore', 'latest', '--target', place.repository, '--delete', '--yes'])
  expect(code).toBe(2)
  expect(stderr).toContain('lies in the repository itself')
})

test('a backup that meets damaged trees stores them again, though nothing changed in most folders', async () => {
  const place = new CliPlace()
  for (const folder of ['a', 'b', 'c']) {
    mkdirSync(join(place.source, folder))
    writeFileSync(join(place.source, folder, 'file'), `in ${folder}`)
  }
  // Where a link leads, only the old tree of its folder says.
  symlinkSync('file', join(place.source, 'a', 'link'))
  await place.init()
  await place.succeed(['backup', place.source])
  damageTrees(place.repository)
  writeFileSync(join(place.source, 'a', 'new'), 'new')

  const backup = await place.succeed(['backup', '--json', place.source])
  expect(summaryOf(backup.stdout)).toMatchObject({ filesNew: 1 })
  const target = join(place.folder, 'target')
  await place.succeed(['restore', `latest:${place.source}`, '--target', target, '--verify'])
  expect(readFileSync(join(target, 'b', 'file'), 'utf8')).toBe('in b')
})

test('a key is not removed without a word where nobody can be asked', async () => {
  const place = new CliPlace()
  await place.init()
  const { stdout } = await place.succeed(['key', 'list', '--json'])
  const [slot] = JSON.parse(stdout) as { id: string }[]
  const { code, stderr } = await place.run(['key', 'remove', String(slot?.id)])
  expect(code).toBe(2)
  expect(stderr).toContain('--yes')
})

/** Flips a bit in the pack of trees: next to a few bytes of content, the larger one. */
function damageTrees(repository: string): void {
  const packs = join(repository, 'packs')
  const files = readdirSync(packs).flatMap((folder) =>
    readdirSync(join(packs, folder)).map((id) => join(packs, folder, id)),
  )
  const trees = files.sort((a, b) => statSync(a).size - statSync(b).size).at(-1) ?? ''
  const bytes = readFileSync(trees)
  bytes[1300] = (bytes[1300] ?? 0) ^ 1
  rmSync(trees)
  writeFileSync(trees, bytes)
  chmodSync(trees, 0o400)
}
