import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { until } from '../support/cli-mount.ts'
import { CliPlace, resultOf, summaryOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

const FILE_BYTES = 1 << 20
const FILES = 40

/** Returns the names of all objects of a kind. */
function objects(place: CliPlace, kind: string): string[] {
  const folder = join(place.repository, kind)
  return existsSync(folder) ? readdirSync(folder) : []
}

test('two processes that back up the same files at once both make their point', async () => {
  const place = new CliPlace()
  mkdirSync(join(place.source, 'd'))
  for (let i = 0; i < FILES; i++) writeFileSync(join(place.source, 'd', `f${i}`), patternBytes(FILE_BYTES, i))
  await place.init()
  const words = ['backup', place.source, '--json', '--no-progress']
  // Slow enough that it is stopped long before its end.
  const first = place.start([...words, '--limit-upload', '8M'])
  const firstResult = resultOf(first)
  // It has said that it runs, has seen no point and stored something, and now stands still, as on a slow machine.
  expect(await until(() => objects(place, 'packs').length > 0)).toBe(true)
  first.kill('SIGSTOP')
  expect(objects(place, 'runs')).toHaveLength(1)
  expect(objects(place, 'points')).toEqual([])
  const second = await place.succeed(words)
  expect(objects(place, 'points')).toHaveLength(1)
  first.kill('SIGCONT')
  const { code, stderr, stdout } = await firstResult
  expect(code, stderr).toBe(0)
  expect(objects(place, 'runs')).toEqual([])
  for (const summary of [summaryOf(stdout), summaryOf(second.stdout)]) {
    expect(summary).toMatchObject({ filesNew: FILES, errors: 0 })
    const target = join(place.folder, String(summary['point']))
    await place.succeed(['restore', `${String(summary['point'])}:${place.source}`, '--target', target, '--verify'])
    for (const i of [0, FILES - 1]) {
      expect(readFileSync(join(target, 'd', `f${i}`)).equals(patternBytes(FILE_BYTES, i))).toBe(true)
    }
    expect(readdirSync(join(target, 'd'))).toHaveLength(FILES)
  }
  const next = summaryOf((await place.succeed(words)).stdout)
  expect(next).toMatchObject({ pointType: 'incremental', filesUnchanged: FILES, bytesRead: 0 })
})
