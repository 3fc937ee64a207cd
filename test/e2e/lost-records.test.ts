import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CliPlace, eventsOf, sharedPlace, summaryOf } from '../support/cli.ts'

interface ChainPoint {
  readonly id: string
  /** Of its record, in the repository. */
  readonly name: string
}

const chain: ChainPoint[] = []

/** A chain of three points, which nobody damages. */
const whole = sharedPlace(async (place) => {
  await place.init()
  for (let i = 0; i < 3; i++) {
    writeFileSync(join(place.source, `file-${i}`), `content ${i}`)
    const { point } = summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)
    const known = chain.map(({ name }) => name)
    const name = readdirSync(join(place.repository, 'points')).find((each) => !known.includes(each))!
    chain.push({ id: String(point), name })
  }
})

/** A place with the same chain, whose records get lost. */
class ChainPlace extends CliPlace {
  readonly points: { readonly id: string; readonly file: string }[]

  constructor() {
    super()
    this.become(whole())
    this.points = chain.map(({ id, name }) => ({ id, file: join(this.repository, 'points', name) }))
  }

  rot(point: number): void {
    const { file } = this.points[point]!
    const bytes = readFileSync(file)
    bytes[200]! ^= 1
    chmodSync(file, 0o600)
    writeFileSync(file, bytes)
  }

  lose(point: number): void {
    rmSync(this.points[point]!.file, { force: true })
  }

  /** What another machine that never saw this repository finds. */
  async stranger(words: readonly string[]): Promise<{ code: number | null; stdout: string }> {
    const cache = join(this.folder, `cache-${Math.random().toString(36).slice(2)}`)
    return this.run(words, { environment: { TIDEMARK_CACHE_DIR: cache } })
  }

  async findings(): Promise<Record<string, unknown>[]> {
    const { code, stdout } = await this.stranger(['check', '--json'])
    expect(code).toBe(4)
    return eventsOf(stdout).filter(({ type }) => type === 'finding')
  }
}

test('a record that is gone is told once, and forgetting the point ends the alarm for good and for everybody', async () => {
  const place = new ChainPlace()
  const [, lost] = place.points
  place.lose(1)
  const found = await place.findings()
  expect(found).toEqual([expect.objectContaining({ code: 'RECORD_MISSING' })])
  expect(found[0]!['message']).toContain(`point ${lost!.id.slice(0, 8)}`)
  expect(found[0]!['hint']).toContain(`tidemark forget ${lost!.id.slice(0, 8)}`)
  expect((await place.run(['prune'])).code).toBe(1)
  const words = ['forget', lost!.id.slice(0, 8)]
  expect((await place.succeed([...words, '--dry-run'])).stdout).toContain(`Point ${lost!.id.slice(0, 8)} is lost`)
  const { stdout } = await place.succeed([...words, '--json'])
  expect(eventsOf(stdout)).toContainEqual(expect.objectContaining({ type: 'lost', point: lost!.id, object: null }))
  expect(summaryOf(stdout)).toMatchObject({ forgotten: 1 })
  expect((await place.stranger(['check'])).code).toBe(0)
  await place.succeed(['check'])
  await place.succeed(['prune'])
})

test('a rotten record and the point that is missing are one message, and one word removes what is left of it', async () => {
  const place = new ChainPlace()
  const [, rotten] = place.points
  place.rot(1)
  const found = await place.findings()
  expect(found.length).toBe(1)
  expect(found[0]!['message']).toMatch(new RegExp(`is damaged.*it was point ${rotten!.id.slice(0, 8)}`))
  rmSync(join(place.home, '.cache'), { recursive: true })
  await place.succeed(['forget', rotten!.id.slice(0, 8)])
  expect((await place.stranger(['check'])).code).toBe(0)
  expect(readdirSync(join(place.repository, 'points')).length).toBe(2)
})

test('of the newest point, this machine knows that it was there; a record that nobody knows is named by its object', async () => {
  const place = new ChainPlace()
  place.rot(2)
  const object = `points/${place.points[2]!.file.split('/').at(-1).slice(0, 8)}`
  const [found, ...others] = await place.findings()
  expect([found!['hint'], others]).toEqual([expect.stringContaining(`tidemark forget ${object}`), []])
  rmSync(join(place.home, '.cache'), { recursive: true })
  expect((await place.succeed(['forget', object])).stdout).toContain('is removed')
  expect((await place.stranger(['check'])).code).toBe(0)

  const other = new ChainPlace()
  other.lose(2)
  const { stdout } = await other.run(['check', '--json'])
  expect(eventsOf(stdout).filter(({ type }) => type === 'finding')).toEqual([
    expect.objectContaining({ code: 'ROLLED_BACK' }),
  ])
  await other.succeed(['forget', other.points[2]!.id])
  await other.succeed(['check'])
})

test('records are brought back from a copy of the folder, and from a repository that points were copied to', async () => {
  const place = new ChainPlace()
  const copy = join(place.folder, 'copy')
  cpSync(place.repository, copy, { recursive: true })
  const other = join(place.folder, 'other')
  await place.succeed(['init', '--no-recovery', '--kdf-memory', '8M', '-r', other])
  await place.succeed(['copy', '--to', other])
  for (const from of [copy, other]) {
    place.rot(0)
    place.lose(1)
    const words = ['check', '--repair', '--heal-from', from]
    const dry = await place.run([...words, '--dry-run'])
    expect(dry.stdout).toMatch(/2 records would be brought back/)
    const { stdout } = await place.succeed(words)
    expect(stdout).toMatch(/^Found before the repair:\n/)
    expect(stdout).toContain('2 records were brought back')
    expect((await place.stranger(['check', '--read-data'])).code).toBe(0)
    const folder = join(place.repository, 'points')
    const [last] = place.points.slice(2)
    const files = readdirSync(folder).map((name) => join(folder, name))
    const others = files.filter((file) => file !== last!.file)
    expect(others).toHaveLength(2)
    // What was brought back has other names now.
    place.points.splice(0, 2, ...others.map((file, i) => ({ ...place.points[i]!, file })))
  }
})

test('with the index gone, everything that reads says what makes it anew, and a dry run that nothing would stay lost', async () => {
  const place = new ChainPlace()
  for (const name of readdirSync(join(place.repository, 'index'))) {
    rmSync(join(place.repository, 'index', name), { force: true })
  }
  const { code, stdout } = await place.run(['check'])
  expect([code, stdout]).toEqual([4, expect.stringContaining('the index is lost or damaged')])
  expect(stdout).toMatch(/`tidemark check --repair` makes the index anew/)
  expect(stdout).not.toContain('0 findings')
  for (const words of [
    ['ls', 'latest'],
    ['restore', 'latest', '--target', join(place.folder, 'target')],
  ]) {
    expect((await place.run(words)).stderr).toMatch(/hint: .*`check --repair` makes it anew/)
  }
  const dry = await place.run(['check', '--repair', '--dry-run'])
  expect([dry.code, dry.stdout]).toEqual([4, expect.stringContaining('no file would stay damaged')])
  expect((await place.succeed(['check', '--repair'])).stdout).toContain('no damage is left')
  await place.succeed(['check', '--read-data'])
})

test('a damaged configuration is told once, with the way to make it anew', async () => {
  const place = new ChainPlace()
  const folder = join(place.repository, 'config')
  for (const name of readdirSync(folder)) {
    chmodSync(join(folder, name), 0o600)
    writeFileSync(join(folder, name), 'rotten')
  }
  const { code, stdout, stderr } = await place.run(['check'])
  expect([code, stdout.match(/is damaged/g)?.length]).toEqual([4, 1])
  expect(stderr).toMatch(/^hint: `tidemark check --repair` makes the configuration anew/)
  expect(stderr).not.toContain('warning')
  const repaired = await place.succeed(['check', '--repair'])
  expect(repaired.stdout.match(/is damaged/g)?.length).toBe(1)
  await place.succeed(['check'])
})
