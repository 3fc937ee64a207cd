import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { until } from '../support/cli-mount.ts'
import { CliPlace, resultOf, summaryOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

test('standard input becomes a file, byte for byte', async () => {
  const place = new CliPlace()
  await place.init()
  const input = patternBytes(5 << 20, 2)
  const stored = await place.succeed(['backup', '--stdin', '--name', 'dump.sql', '--json'], { input })
  expect(summaryOf(stored.stdout)).toMatchObject({ filesNew: 1, bytes: input.byteLength, errors: 0 })
  const { stdoutBytes } = await place.succeed(['cat', 'latest:/dump.sql'])
  expect(stdoutBytes.equals(input)).toBe(true)
})

test('what a command prints becomes a file, and the same command goes on the same chain', async () => {
  const place = new CliPlace()
  await place.init()
  const words = ['backup', '--json', '--from-command', '--name', 'out', '--', 'sh', '-c', 'echo "$0 -x"', 'one']
  const first = summaryOf((await place.succeed(words)).stdout)
  expect(summaryOf((await place.succeed(words)).stdout)).toMatchObject({
    chain: first['chain'],
    parent: first['point'],
  })
  expect((await place.succeed(['cat', 'latest:/out'])).stdout).toBe('one -x\n')
})

test.each([
  ['fails', ['sh', '-c', 'echo part; exit 3'], /exit code 3/],
  ['is killed', ['sh', '-c', 'echo part; kill -9 $$'], /SIGKILL/],
  ['is not there', ['no-such-command-anywhere'], /could not be started/],
])('a command that %s makes no point', async (_, command, message) => {
  const place = new CliPlace()
  await place.init()
  const { code, stderr } = await place.run(['backup', '--from-command', '--name', 'out', '--', ...command])
  expect(code).toBe(1)
  expect(stderr).toMatch(message)
  expect(JSON.parse((await place.succeed(['points', '--json'])).stdout)).toEqual([])
})

test('when several chains match, they are listed with exit code 2, and a path or --chain decides', async () => {
  const place = new CliPlace()
  await place.init()
  await place.succeed(['backup', '--stdin', '--name', 'one'], { input: '1' })
  const two = summaryOf((await place.succeed(['backup', '--stdin', '--name', 'two', '--json'], { input: '2' })).stdout)
  const ambiguous = await place.run(['ls', 'latest'])
  expect(ambiguous.code).toBe(2)
  const { stdout } = await place.succeed(['points'])
  const time = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(stdout.split('\n')[2]!)![0]
  expect(ambiguous.stderr).toMatch(
    new RegExp(
      `"latest" fits 2 chains:\n  Chain .*\n[^]*^  ${String(two['chain']).slice(0, 8)} .*${time}  \\S+@\\S+ +two$`,
      'm',
    ),
  )
  expect((await place.succeed(['cat', 'latest:/one'])).stdout).toBe('1')
  expect((await place.succeed(['ls', 'latest', '--chain', String(two['chain']).slice(0, 10)])).stdout).toBe('two\n')
  expect((await place.succeed(['cat', `${String(two['point'])}:/two`])).stdout).toBe('2')
})

test('a reader that goes away ends printing quietly', async () => {
  const place = new CliPlace()
  await place.init()
  await place.succeed(['backup', '--stdin', '--name', 'large'], { input: patternBytes(20 << 20, 3) })
  const child = place.start(['cat', 'latest:/large'])
  await once(child.stdout, 'readable')
  child.stdout.destroy()
  const { code, stderr } = await resultOf(child)
  expect(stderr).toBe('')
  expect(code).toBe(0)
})

test('what cannot be written to standard output is told and fails, and a backup makes its point all the same', async () => {
  const place = new CliPlace()
  await place.init()
  const options = { input: 'x', within: ['sh', '-c', 'exec "$@" > /dev/full', 'sh'] }
  for (const words of [
    ['backup', '--stdin', '--name', 'x', '--json'],
    ['cat', 'latest:/x'],
  ]) {
    const { code, stderr } = await place.run(words, options)
    expect(stderr).toMatch(/^tidemark: standard output could not be written \(ENOSPC\).*\nhint: .*\n$/)
    expect(code).toBe(1)
  }
  const folder = { within: ['sh', '-c', 'exec "$@" < /', 'sh'] }
  const { code, stderr } = await place.run(['backup', '--stdin', '--name', 'x'], folder)
  expect(stderr).toMatch(/standard input could not be read to its end/)
  expect(code).toBe(1)
  expect(JSON.parse((await place.succeed(['points', '--json'])).stdout)).toHaveLength(1)
})

test('an interrupt ends with 130, says so, keeps what is stored, and the next run goes on', async () => {
  const place = new CliPlace()
  await place.init()
  const child = place.start(['backup', '--stdin', '--name', 'endless', '--json'])
  child.stdin.write(patternBytes(40 << 20, 4))
  const packs = join(place.repository, 'packs')
  const isStored = (): boolean =>
    readdirSync(packs, { recursive: true, withFileTypes: true }).some((entry) => entry.isFile())
  expect(await until(() => existsSync(packs) && isStored())).toBe(true)
  child.kill('SIGINT')
  const result = await resultOf(child)
  expect(result.code).toBe(130)
  expect(result.stderr).toMatch(/stopping/)
  expect(result.stderr).toMatch(/interrupted/)
  expect(summaryOf(result.stdout)).toMatchObject({ type: 'error', code: 'INTERRUPTED', exitCode: 130 })
  expect(JSON.parse((await place.succeed(['points', '--json'])).stdout)).toEqual([])

  const input = patternBytes(40 << 20, 4)
  const words = ['backup', '--stdin', '--name', 'endless', '--json']
  const resumed = summaryOf((await place.succeed(words, { input })).stdout)
  expect(resumed).toMatchObject({ bytes: input.byteLength })
  expect(resumed['bytesStored']).toBeLessThan(30 << 20)
})

test('a second interrupt ends it at once, also when a command does not want to end', async () => {
  const place = new CliPlace()
  await place.init()
  const started = join(place.folder, 'started')
  const command = `trap "" TERM; touch ${started}; exec sleep 600`
  const child = place.start(['backup', '--from-command', '--name', 'x', '--', 'sh', '-c', command])
  const exited = once(child, 'exit')
  let said = ''
  child.stderr.on('data', (part: Buffer) => (said += part.toString()))
  expect(await until(() => existsSync(started))).toBe(true)
  child.kill('SIGINT')
  expect(await until(() => said.includes('stopping'))).toBe(true)
  child.kill('SIGINT')
  expect(await exited).toEqual([130, null])
  // The command outlives it, in the group of processes that the program was started in.
  process.kill(-(child.pid ?? 0), 'SIGKILL')
})

test('two backups of the same files read the second time only what changed', async () => {
  const place = new CliPlace()
  await place.init()
  writeFileSync(join(place.source, 'a'), patternBytes(1 << 20, 5))
  writeFileSync(join(place.source, 'b'), 'b')
  await place.succeed(['backup', place.source])
  writeFileSync(join(place.source, 'b'), 'bb')
  const { stdout } = await place.succeed(['backup', place.source, '--json'])
  expect(summaryOf(stdout)).toMatchObject({ filesChanged: 1, filesUnchanged: 1, bytesRead: 2 })
  const full = await place.succeed(['backup', place.source, '--full', '--json'])
  expect(summaryOf(full.stdout)).toMatchObject({ pointType: 'full', bytesRead: (1 << 20) + 2 })
})
