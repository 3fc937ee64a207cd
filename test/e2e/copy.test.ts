import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { compareTrees } from '../../examples/compare-trees.ts'
import { CliPlace, eventsOf, summaryOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { INIT_WORDS } from '../support/program.ts'

const TO = { TIDEMARK_TO_PASSWORD: 'another password' }

/** Makes a second repository, with a password of its own. */
async function makeOther(place: CliPlace): Promise<string> {
  const other = join(place.folder, 'other')
  const environment = { TIDEMARK_PASSWORD: 'another password', TIDEMARK_REPOSITORY: other }
  await place.succeed(INIT_WORDS, { environment })
  return other
}

test('points are copied with all that they hold, and only what is missing is read', async () => {
  const place = new CliPlace()
  const { source } = place
  await place.init()
  mkdirSync(join(source, 'deep', 'empty'), { recursive: true })
  for (let i = 0; i < 40; i++) writeFileSync(join(source, 'deep', `file-${i}`), `content of ${i}\n`.repeat(50 + i))
  writeFileSync(join(source, 'large'), patternBytes(5 << 20, 1))
  writeFileSync(join(source, 'sparse'), 'x')
  truncateSync(join(source, 'sparse'), 3 << 20)
  symlinkSync('large', join(source, 'link'))
  await place.succeed(['backup', source, '--tag', 'one', '--description', 'the first'])
  await place.succeed(['restore', `latest:${source}`, '--target', join(place.folder, 'first')])
  const other = await makeOther(place)

  const dry = await place.succeed(['copy', '--to', other, '--dry-run', '--json'], { environment: TO })
  expect(summaryOf(dry.stdout)).toMatchObject({ dryRun: true, points: [expect.any(String) as string] })
  const first = summaryOf((await place.succeed(['copy', '--to', other, '--json'], { environment: TO })).stdout)
  expect(first).toMatchObject({ alreadyThere: 0, dryRun: false })
  expect(first['bytesRead']).toBeGreaterThan(5 << 20)

  appendFileSync(join(source, 'deep', 'file-3'), 'more\n')
  renameSync(join(source, 'deep', 'file-4'), join(source, 'file-4'))
  rmSync(join(source, 'deep', 'file-5'))
  await place.succeed(['backup', source])
  const copying = await place.succeed(['copy', '--to', other, '--json'], { environment: TO })
  expect(eventsOf(copying.stdout).filter(({ type }) => type === 'copied')).toHaveLength(1)
  const second = summaryOf(copying.stdout)
  expect(second).toMatchObject({ alreadyThere: 1 })
  expect(second['bytesRead']).toBeLessThan(20_000)
  const third = await place.succeed(['copy', '--to', other], { environment: TO })
  expect(third.stderr).toContain('0 points copied, 2 points there already')
  await place.succeed(['forget', '--keep-last', '1'], {
    environment: { TIDEMARK_PASSWORD: 'another password', TIDEMARK_REPOSITORY: other },
  })
  const fourth = await place.succeed(['copy', '--to', other], { environment: TO })
  expect(fourth.stderr).toContain('1 point was forgotten there, and left out')
  await place.succeed(['copy', 'latest~1', '--to', other], { environment: TO })

  const environment = { TIDEMARK_PASSWORD: 'another password', TIDEMARK_REPOSITORY: other }
  const points = async (options = {}): Promise<unknown> => {
    const listed = JSON.parse((await place.succeed(['points', '--json'], options)).stdout) as Record<string, unknown>[]
    return listed.map(({ point, chain, sequence, type, started, parents, tags, description, files, sources }) => {
      return { point, chain, sequence, type, started, parents, tags, description, files, sources }
    })
  }
  expect(await points({ environment })).toEqual(await points())
  const here = join(place.folder, 'here')
  await place.succeed(['restore', `latest:${source}`, '--target', here], { environment })
  expect(await compareTrees(source, here)).toMatchObject({ differences: [] })
  const before = join(place.folder, 'before')
  await place.succeed(['restore', `latest~1:${source}`, '--target', before], { environment })
  expect(await compareTrees(join(place.folder, 'first'), before)).toMatchObject({ differences: [] })
  expect((await place.succeed(['check', '--read-data'], { environment })).code).toBe(0)
})

test('a copy onto the same repository, or with a wrong password, is refused', async () => {
  const place = new CliPlace()
  await place.init()
  writeFileSync(join(place.source, 'a'), 'a')
  await place.succeed(['backup', place.source])
  const same = await place.run(['copy', '--to', place.repository])
  expect(same.code).toBe(2)
  expect(same.stderr).toContain('the one to copy from')
  const other = await makeOther(place)
  const wrong = await place.run(['copy', '--to', other])
  expect(wrong.code).toBe(12)
  expect(wrong.stderr).toContain('--to-password-file')
  expect((await place.run(['points', '--limit-download', 'fast'])).code).toBe(2)
  expect((await place.run(['copy', 'deadbeef', '--to', other], { environment: TO })).code).toBe(2)
})
