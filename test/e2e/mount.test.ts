import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'

import { compareTrees } from '../../examples/compare-trees.ts'
import { CliMount, run, until } from '../support/cli-mount.ts'
import { CliPlace, summaryOf } from '../support/cli.ts'
import { fuseTest } from '../support/fuse-test.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

/** Fills a place's source with some of everything. */
function fill({ source }: CliPlace): void {
  mkdirSync(join(source, 'deep', 'folder'), { recursive: true })
  writeFileSync(join(source, 'hello.txt'), 'hello\n')
  linkSync(join(source, 'hello.txt'), join(source, 'deep', 'same.txt'))
  chmodSync(join(source, 'hello.txt'), 0o640)
  writeFileSync(join(source, 'deep', 'folder', 'naïve.txt'), 'text'.repeat(10_000))
  writeFileSync(join(source, 'large'), patternBytes(5 << 20, 1))
  writeFileSync(join(source, 'empty'), '')
  writeFileSync(join(source, 'sparse'), 'begin')
  truncateSync(join(source, 'sparse'), 3 << 20)
  appendFileSync(join(source, 'sparse'), 'end')
  writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from([0x63, 0xe9])]), 'a name that is not UTF-8')
  symlinkSync('hello.txt', join(source, 'link'))
}

/** Makes a repository with a point of a filled source. */
async function filledPlace(): Promise<CliPlace> {
  const place = new CliPlace()
  fill(place)
  await place.init()
  await place.succeed(['backup', place.source])
  return place
}

fuseTest('every point is a folder that is what was backed up', async () => {
  const place = await filledPlace()
  const before = join(place.folder, 'before')
  run('cp', ['-a', place.source, before])
  rmSync(join(place.source, 'empty'))
  writeFileSync(join(place.source, 'new'), 'new')
  await place.succeed(['backup', place.source, '--tag', 'second'])
  const mount = await CliMount.open(place)
  const [first = '', second = '', ...others] = mount.points()
  expect(others).toEqual([])
  expect(first).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ_[0-9a-f]{8}$/)
  expect(readdirSync(mount.directory)).toEqual(['at', 'instances', 'latest', 'points', 'records', 'tags', 'versions'])
  expect(realpathSync(mount.path('latest'))).toBe(mount.path('points', second))
  expect(await compareTrees(place.source, mount.path('latest', place.source))).toMatchObject({ differences: [] })
  expect(await compareTrees(before, mount.path('points', first, before.replace(/before$/, 'source')))).toMatchObject({
    differences: [],
  })
  expect(await compareTrees(before, mount.path('at', 'latest~1', place.source))).toMatchObject({ differences: [] })
  expect(await mount.end()).toMatchObject({ code: 0 })
})

fuseTest('chains, tags and records lead to the points', async () => {
  const place = await filledPlace()
  await place.succeed(['backup', place.source, '--tag', 'second'])
  const mount = await CliMount.open(place)
  const [first = '', second = ''] = mount.points()
  const [instance = ''] = readdirSync(mount.path('instances'))
  const [chain = ''] = readdirSync(mount.path('instances', instance))
  expect(readdirSync(mount.path('instances', instance, chain))).toEqual([...[first, second].sort(), 'latest'])
  expect(realpathSync(mount.path('instances', instance, chain, 'latest'))).toBe(mount.path('points', second))
  expect(readdirSync(mount.path('tags', 'second'))).toEqual([second])
  expect(realpathSync(mount.path('tags', 'second', second))).toBe(mount.path('points', second))
  const record = JSON.parse(readFileSync(mount.path('records', `${first}.json`), 'utf8')) as Record<string, unknown>
  const shown = JSON.parse((await place.succeed(['points', 'show', first, '--json'])).stdout) as Record<string, unknown>
  expect(record).toMatchObject(shown)
  expect(record['record']).toHaveProperty('objectsHash')
  expect(readdirSync(mount.path('at'))).toEqual([])
  expect(existsSync(mount.path('at', 'no such point'))).toBe(false)
  expect(statSync(mount.path('at', '2999-01-01')).isDirectory()).toBe(true)
})

fuseTest('versions show each content of a file once', async () => {
  const place = await filledPlace()
  const write = async (text: string): Promise<void> => {
    writeFileSync(join(place.source, 'notes'), text)
    await place.succeed(['backup', place.source])
  }
  await write('one')
  await write('two')
  chmodSync(join(place.source, 'notes'), 0o600)
  await place.succeed(['backup', place.source])
  await write('one')
  const mount = await CliMount.open(place)
  const points = mount.points()
  const [chain = ''] = run('find', [mount.path('versions'), '-mindepth', '2', '-maxdepth', '2']).text.split('\n')
  const notes = join(chain, place.source, 'notes')
  expect(readdirSync(notes)).toEqual([points[1], points[2]].sort())
  expect(readFileSync(join(notes, points[1] ?? ''), 'utf8')).toBe('one')
  expect(readFileSync(join(notes, points[2] ?? ''), 'utf8')).toBe('two')
  expect(readdirSync(join(chain, place.source))).toContain('hello.txt')
  expect(readlinkSync(join(chain, place.source, 'link', points[0] ?? ''))).toBe('hello.txt')
})

fuseTest('points come and go while it is mounted, and open files go on reading', async () => {
  const place = await filledPlace()
  const mount = await CliMount.open(place)
  const [first = '', ...others] = mount.points()
  expect(others).toEqual([])
  const large = openSync(mount.path('points', first, place.source, 'large'), 'r')
  onTestFinished(() => closeSync(large))
  // Looked at before, so that the kernel might remember where it led.
  expect(readFileSync(mount.path('latest', place.source, 'hello.txt'), 'utf8')).not.toBe('')
  writeFileSync(join(place.source, 'new'), 'new')
  await place.succeed(['backup', place.source, '--tag', 'later'])
  const isThere = (): boolean => mount.points().length === 2
  expect(await until(isThere)).toBe(true)
  // Where it leads is believed for a second.
  expect(await until(() => existsSync(mount.path('latest', place.source, 'new')))).toBe(true)
  expect(readFileSync(mount.path('latest', place.source, 'new'), 'utf8')).toBe('new')
  expect(readdirSync(mount.path('tags'))).toEqual(['later'])
  const record = readFileSync(mount.path('records', `${mount.points()[1] ?? ''}.json`), 'utf8')
  expect(JSON.parse(record)).toMatchObject({ sources: [{ path: place.source }] })
  await place.succeed(['forget', first])
  expect(await until(() => !readdirSync(mount.path('points')).includes(first))).toBe(true)
  expect(await until(() => !existsSync(mount.path('points', first)))).toBe(true)
  expect(Buffer.compare(readFileSync(large), patternBytes(5 << 20, 1))).toBe(0)
})

fuseTest('one path of one point is mounted alone', async () => {
  const place = await filledPlace()
  const mount = await CliMount.open(place, ['--point', `latest:${place.source}/deep`])
  expect(await compareTrees(join(place.source, 'deep'), mount.directory)).toMatchObject({ differences: [] })
  await mount.end()
  for (const [point, code] of [
    ['latest:/nowhere', 'UNKNOWN_PATH'],
    [`latest:${place.source}/hello.txt`, 'UNKNOWN_PATH'],
    ['feedbeef', 'UNKNOWN_POINT'],
  ]) {
    const refused = await place.run(['mount', mount.directory, '--json', '--point', point ?? ''])
    expect(refused.code).toBe(2)
    expect(summaryOf(refused.stdout)).toMatchObject({ code })
  }
})

fuseTest('what would be hidden, or hide the repository, is not mounted over', async () => {
  const place = await filledPlace()
  mkdirSync(join(place.repository, 'inside'))
  const refusals: [string, RegExp, number][] = [
    [place.repository, /is the repository itself/, 2],
    [place.folder, /the repository .* lies in/, 2],
    [join(place.repository, 'inside'), /lies in the repository/, 2],
    [place.source, /is not empty/, 2],
    [join(place.source, 'hello.txt'), /is not a folder/, 2],
    [join(place.folder, 'missing'), /there is no folder/, 2],
  ]
  for (const [directory, message, code] of refusals) {
    const refused = await place.run(['mount', directory], { environment: { TIDEMARK_PASSWORD: 'not looked at' } })
    expect(refused.stderr).toMatch(message)
    expect(refused.stderr).toMatch(/^hint: /m)
    expect(refused.code).toBe(code)
  }
  expect(existsSync(join(place.source, 'hello.txt'))).toBe(true)
})

fuseTest('a mount inside of what is backed up is left out, and no source', async () => {
  const place = await filledPlace()
  const directory = join('source', 'inside')
  const mount = await CliMount.open(place, [], directory)
  for (const more of [[], ['--cross-filesystems']]) {
    const { stdout } = await place.succeed(['backup', place.source, '--json', ...more])
    expect(stdout).toContain('"reason":"mounted-point"')
    expect(summaryOf(stdout)).toMatchObject({ errors: 0, skipped: { 'mounted-point': 1 } })
  }
  const inside = await place.run(['backup', mount.path('latest')])
  expect(inside.stderr).toMatch(/Restoring Points are mounted/)
  expect(inside.code).toBe(2)
})
