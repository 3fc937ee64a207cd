import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { compareTrees } from '../../examples/compare-trees.ts'
import { CliPlace, eventsOf, summaryOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

/** Fills a place's source with some of everything. */
function fill({ source }: CliPlace): void {
  mkdirSync(join(source, 'deep', 'folder'), { recursive: true })
  writeFileSync(join(source, 'hello.txt'), 'hello\n')
  writeFileSync(join(source, 'deep', 'folder', 'naïve.txt'), 'text'.repeat(10_000))
  writeFileSync(join(source, 'large'), patternBytes(3 << 20, 1))
  writeFileSync(join(source, 'empty'), '')
  writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from([0x63, 0xe9])]), 'a name that is not UTF-8')
  symlinkSync('hello.txt', join(source, 'link'))
}

test('what is backed up, changed and backed up again is restored byte for byte, both times', async () => {
  const place = new CliPlace()
  fill(place)
  await place.init()
  const first = summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)
  expect(first).toMatchObject({ type: 'summary', pointType: 'full', parent: null, filesNew: 5, errors: 0 })
  await place.succeed(['restore', `latest:${place.source}`, '--target', join(place.folder, 'one')])
  expect(await compareTrees(place.source, join(place.folder, 'one'))).toMatchObject({ differences: [] })

  appendFileSync(join(place.source, 'hello.txt'), 'world\n')
  rmSync(join(place.source, 'empty'))
  writeFileSync(join(place.source, 'new'), 'new')
  const second = summaryOf((await place.succeed(['backup', place.source, '--json', '--tag', 'two'])).stdout)
  expect(second).toMatchObject({
    pointType: 'incremental',
    parent: first['point'],
    chain: first['chain'],
    filesNew: 1,
    filesChanged: 1,
    filesUnchanged: 3,
    filesRemoved: 1,
  })
  const target = join(place.folder, 'two')
  const restored = await place.succeed(['restore', `latest:${place.source}`, '--target', target, '--verify', '--json'])
  expect(summaryOf(restored.stdout)).toMatchObject({ type: 'summary', target, errors: 0 })
  expect(await compareTrees(place.source, target)).toMatchObject({ differences: [] })

  await place.succeed(['restore', `latest~1:${place.source}`, '--target', join(place.folder, 'three')])
  expect(await compareTrees(join(place.folder, 'one'), join(place.folder, 'three'))).toMatchObject({ differences: [] })
})

test('every field that scripts rely on is in the summary of a backup', async () => {
  const place = new CliPlace()
  fill(place)
  await place.init()
  const events = eventsOf((await place.succeed(['backup', place.source, '--json'])).stdout)
  for (const event of events) expect(typeof event['type']).toBe('string')
  const fields = ['point', 'type', 'parent', 'filesNew', 'filesChanged', 'filesUnchanged', 'dirs', 'bytesRead']
  expect(Object.keys(events.at(-1) ?? {})).toEqual(
    expect.arrayContaining([...fields, 'bytesStored', 'errors', 'durationMs', 'chain', 'pointType']),
  )
})

test('points are listed, described and told apart by tag and source', async () => {
  const place = new CliPlace()
  fill(place)
  await place.init()
  await place.succeed(['backup', place.source, '--description', 'the first'])
  await place.succeed(['backup', place.source, '--tag', 'b', '--tag', 'a'])
  const points = JSON.parse((await place.succeed(['points', '--json'])).stdout) as Record<string, unknown>[]
  expect(points).toMatchObject([
    { type: 'full', sequence: 1, description: 'the first', tags: [], files: 5, sources: [{ path: place.source }] },
    { type: 'incremental', sequence: 2, tags: ['a', 'b'] },
  ])
  const [first] = points
  const ask = async (...words: readonly string[]): Promise<unknown> =>
    JSON.parse((await place.succeed([...words, '--json'])).stdout)
  expect(await ask('points', '--tag', 'a')).toMatchObject([{ sequence: 2 }])
  expect(await ask('points', '--source', join(place.source, 'deep'))).toHaveLength(2)
  expect(await ask('points', '--source', '/elsewhere')).toEqual([])
  const id = String(first?.['point'])
  expect(await ask('points', 'show', id.slice(0, 8))).toMatchObject({ point: id, coverage: { expected: 9 } })
  expect((await place.succeed(['points', 'show', 'latest'])).stdout).toMatch(/^Tags +a, b$/m)
})

test('folders are listed and files printed as they are, whatever bytes they hold', async () => {
  const place = new CliPlace()
  fill(place)
  await place.init()
  await place.succeed(['backup', place.source])
  const names = (await place.succeed(['ls', `latest:${place.source}`])).stdout.trimEnd().split('\n')
  expect(names).toEqual(['c\\xe9', 'deep/', 'empty', 'hello.txt', 'large', 'link'])
  const long = (await place.succeed(['ls', '-l', `latest:${place.source}`])).stdout
  expect(long).toMatch(/^-rw\S+ .* 3145728 .* large$/m)
  expect(long).toMatch(/ link -> hello\.txt$/m)
  const all = JSON.parse((await place.succeed(['ls', '-R', '--json', `latest:${place.source}`])).stdout) as unknown[]
  expect(all).toContainEqual(
    expect.objectContaining({ path: join(place.source, 'deep/folder/naïve.txt'), kind: 'file' }),
  )
  const bytes = Buffer.concat([Buffer.from(`${place.source}/c`), Buffer.from([0xe9])]).toString('base64')
  expect(all).toContainEqual(expect.objectContaining({ path: `${place.source}/c\\xe9`, pathBytes: bytes }))
  const large = await place.succeed(['cat', `latest:${place.source}/large`])
  expect(large.stdoutBytes.equals(readFileSync(join(place.source, 'large')))).toBe(true)
  const named = await place.succeed(['cat', `latest:${place.source}/c\\xe9`])
  expect(named.stdout).toBe('a name that is not UTF-8')
})

test('what is left out is counted, named and told how to include', async () => {
  const place = new CliPlace()
  fill(place)
  mkdirSync(join(place.source, 'private'))
  writeFileSync(join(place.source, 'private', '.nobackup'), '')
  writeFileSync(join(place.folder, 'patterns'), '# comment\nlarge\n')
  await place.init()
  const words = ['backup', place.source, '--exclude', 'empty', '--exclude-file', join(place.folder, 'patterns')]
  const { stdout, stderr } = await place.succeed(words)
  expect(stdout).toMatch(/left out: 2 excluded.*--exclude/)
  expect(stdout).toMatch(/left out: 1 marked by \.nobackup/)
  expect(stderr).toContain(join(place.source, 'large'))
  const again = eventsOf((await place.succeed([...words, '--json'])).stdout)
  const { size } = statSync(join(place.source, 'large'))
  expect(again).toContainEqual(expect.objectContaining({ type: 'skipped', reason: 'excluded', bytes: size }))
  expect(again).toContainEqual(expect.objectContaining({ type: 'skipped', reason: 'nobackup', bytes: null }))
  expect((await place.run(['cat', `latest:${place.source}/large`])).code).toBe(2)
})

test('a dry run stores nothing', async () => {
  const place = new CliPlace()
  fill(place)
  await place.init()
  const summary = summaryOf((await place.succeed(['backup', place.source, '--dry-run', '--json'])).stdout)
  expect(summary).toMatchObject({ point: null, filesNew: 5, dryRun: true })
  expect(JSON.parse((await place.succeed(['points', '--json'])).stdout)).toEqual([])
})
