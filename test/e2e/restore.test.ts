import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { type CliOptions, CliPlace, type CliResult, eventsOf, sharedPlace, summaryOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { rootTest } from '../support/root-test.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A point of three files, which no test changes, and a target of one's own in which one of them differs and a stranger lies. */
class RestorePlace {
  readonly place = shared()
  readonly folder = temporaryFolder()
  readonly target = join(this.folder, 'target')

  constructor() {
    mkdirSync(this.target)
    writeFileSync(join(this.target, 'a'), 'mine')
    writeFileSync(join(this.target, 'stranger'), 'not in the point')
  }

  get source(): string {
    return this.place.source
  }

  get words(): string[] {
    return ['restore', `latest:${this.source}`, '--target', this.target]
  }

  read(name: string): string {
    return readFileSync(join(this.target, name), 'utf8')
  }

  async run(words: readonly string[], options?: CliOptions): Promise<CliResult> {
    return this.place.run(words, options)
  }

  async succeed(words: readonly string[], options?: CliOptions): Promise<CliResult> {
    return this.place.succeed(words, options)
  }
}

async function makePoint(place: CliPlace): Promise<void> {
  mkdirSync(join(place.source, 'inner'))
  for (const name of ['b', 'inner/c']) writeFileSync(join(place.source, name), name)
  writeFileSync(join(place.source, 'a'), 'from the point')
  await place.init()
  await place.succeed(['backup', place.source])
}

const shared = sharedPlace(makePoint)

test('without --overwrite nothing that is there is touched', async () => {
  const place = new RestorePlace()
  const { stdout } = await place.succeed(place.words)
  expect(place.read('a')).toBe('mine')
  expect(place.read('b')).toBe('b')
  expect(stdout).toMatch(/1 entry found different and left alone/)
})

test('a preview tells every action and changes nothing', async () => {
  const place = new RestorePlace()
  const words = [...place.words, '--preview', '--overwrite', 'always', '--delete']
  const { stdout } = await place.succeed(words)
  expect(stdout).toMatch(/^overwrite .*\/a$/m)
  expect(stdout).toMatch(/^create .*\/b$/m)
  expect(stdout).toMatch(/^delete .*\/stranger$/m)
  const events = eventsOf((await place.succeed([...words, '--json'])).stdout)
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'item', action: 'delete', path: join(place.target, 'stranger') }),
  )
  expect(events.at(-1)).toMatchObject({ type: 'summary', preview: true, actions: { delete: { entries: 1 } } })
  expect(readdirSync(place.target).sort()).toEqual(['a', 'stranger'])
  expect(place.read('a')).toBe('mine')
})

test('a preview tells what would fail, and ends as the restore would', async () => {
  const place = new RestorePlace()
  rmSync(join(place.target, 'a'))
  mkdirSync(join(place.target, 'a/full'), { recursive: true })
  const { code, stdout, stderr } = await place.run([...place.words, '--preview', '--overwrite', 'always'])
  expect(stderr).toMatch(/\/a .*a directory that is not empty stands in its place/)
  expect(stdout).toMatch(/^ {2}1 entry would fail$/m)
  expect(code).toBe(3)
})

test('--overwrite and --delete make the target what the point is', async () => {
  const place = new RestorePlace()
  const words = [...place.words, '--overwrite', 'if-changed', '--delete', '--yes', '--json']
  expect(summaryOf((await place.succeed(words)).stdout)).toMatchObject({
    type: 'summary',
    errors: 0,
    actions: { keep: { entries: 0 }, delete: { entries: 1 } },
  })
  expect(place.read('a')).toBe('from the point')
  expect(existsSync(join(place.target, 'stranger'))).toBe(false)
})

test('--delete needs --yes where nobody can be asked, and is refused on the root', async () => {
  const place = new RestorePlace()
  expect((await place.run([...place.words, '--delete'])).code).toBe(2)
  expect(existsSync(join(place.target, 'stranger'))).toBe(true)
  const root = await place.run(['restore', 'latest', '--in-place', '--delete', '--yes'])
  expect(root.code).toBe(2)
  expect(root.stderr).toContain('refused on /')
})

test('files that a damaged pack held are named and left out, the rest is restored, and the exit code is 3', async () => {
  const place = new CliPlace()
  await makePoint(place)
  await place.succeed(['backup', '--stdin', '--name', 'stream'], { input: patternBytes(100_000, 1) })
  damageLargestPack(place.repository)
  const target = join(place.folder, 'damaged')
  const result = await place.run([
    'restore',
    'latest',
    '--chain',
    await streamChain(place),
    '--target',
    target,
    '--json',
  ])
  expect(result.code).toBe(3)
  expect(eventsOf(result.stdout)).toContainEqual(expect.objectContaining({ type: 'failure', path: `${target}/stream` }))
  expect(existsSync(join(target, 'stream'))).toBe(false)
  await place.succeed(['restore', `latest:${place.source}`, '--target', target])
})

async function streamChain(place: CliPlace): Promise<string> {
  const points = JSON.parse((await place.succeed(['points', '--json'])).stdout) as { chain: string }[]
  return points.at(-1)?.chain ?? ''
}

/** Turns over a bit in the pack of the stream, next to which everything else is small. */
function damageLargestPack(repository: string): void {
  const packs = readdirSync(join(repository, 'packs'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(repository, 'packs', name))
    .filter((path) => statSync(path).isFile())
    .toSorted((a, b) => statSync(a).size - statSync(b).size)
  const path = packs.at(-1) ?? ''
  const bytes = readFileSync(path)
  bytes[1230] = (bytes[1230] ?? 0) ^ 1
  chmodSync(path, 0o600)
  writeFileSync(path, bytes)
}

test('PATH narrows down, and one that is not there is told', async () => {
  const place = new RestorePlace()
  const one = join(place.folder, 'one')
  await place.succeed(['restore', `latest:${place.source}/b`, '--target', one])
  expect(readFileSync(join(one, 'b'), 'utf8')).toBe('b')
  const missing = await place.run(['restore', `latest:${place.source}/c`, '--target', one])
  expect(missing.code).toBe(2)
  expect(missing.stderr).toMatch(/holds no .*\/c\nhint: /)
})

test('in place, everything goes back to where it came from', async () => {
  const place = new RestorePlace()
  writeFileSync(join(place.source, 'a'), 'spoiled')
  await place.succeed(['restore', `latest:${place.source}`, '--in-place', '--overwrite', 'always'])
  expect(readFileSync(join(place.source, 'a'), 'utf8')).toBe('from the point')
})

test('a selection of paths is restored as its preview says, each with its own mode', async () => {
  const place = new RestorePlace()
  const selection = JSON.stringify({
    selections: [
      { path: join(place.source, 'a'), overwrite: 'always' },
      { path: join(place.source, 'inner'), overwrite: 'never' },
    ],
  })
  const words = ['restore', 'latest', '--target', place.target, '--selection', '-', '--json']
  const preview = eventsOf((await place.succeed([...words, '--preview'], { input: selection })).stdout)
  expect(
    preview.filter(({ type }) => type === 'item').map(({ action, path }) => `${action as string} ${path as string}`),
  ).toEqual([`overwrite ${place.target}/a`, `create ${place.target}/inner`, `create ${place.target}/inner/c`])
  expect(place.read('a')).toBe('mine')
  const summary = summaryOf((await place.succeed(words, { input: selection })).stdout)
  expect(summary['actions']).toEqual(preview.at(-1)?.['actions'])
  expect([place.read('a'), place.read('inner/c')]).toEqual(['from the point', 'inner/c'])
  expect(existsSync(join(place.target, 'b'))).toBe(false)
})

test('a selection that is none is wrong usage and says what is wrong where', async () => {
  const place = new RestorePlace()
  const words = ['restore', 'latest', '--target', place.target, '--selection', '-']
  for (const [input, message] of [
    ['{', /no JSON/],
    ['{"selections":[]}', /nothing is selected/],
    ['{"selections":[{"path":"a","overwrite":"never"}]}', /no absolute path/],
    ['{"selections":[{"path":"/a/../b","overwrite":"never"}]}', /".."/],
    ['{"selections":[{"path":"/a","overwrite":"perhaps"}]}', /selections: 0: overwrite/],
  ] as const) {
    const { code, stderr } = await place.run(words, { input })
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
  }
})

rootTest('files go to the user of the same name here, or, with --numeric-ids, of the same number', async () => {
  const place = new RestorePlace()
  const passwd = join(place.folder, 'passwd')
  writeFileSync(passwd, 'other:x:0:0::/:/bin/sh\nroot:x:4242:4242::/:/bin/sh\n')
  const within = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/passwd && exec "$@"', passwd]
  for (const [target, uid, words] of [
    ['names', 4242, []],
    ['numbers', 0, ['--numeric-ids']],
  ] as const) {
    const folder = join(place.folder, target)
    await place.succeed(['restore', `latest:${place.source}`, '--target', folder, ...words], { within })
    expect(statSync(join(folder, 'a')).uid).toBe(uid)
  }
})
