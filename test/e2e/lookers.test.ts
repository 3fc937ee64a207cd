import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { sharedPlace, summaryOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

const points: string[] = []

/** Three points: files come, change, are renamed and go. */
const shared = sharedPlace(async (place) => {
  await place.init()
  const { source } = place
  const backup = async (): Promise<void> => {
    const summary = summaryOf((await place.succeed(['backup', source, '--json'])).stdout)
    points.push(String(summary['point']))
  }
  mkdirSync(join(source, 'notes', 'old'), { recursive: true })
  writeFileSync(join(source, 'notes', 'todo.txt'), 'one\n')
  writeFileSync(join(source, 'notes', 'old', 'a.txt'), 'content of a\n')
  writeFileSync(join(source, 'script'), 'x\n')
  writeFileSync(join(source, '.hidden.txt'), '')
  writeFileSync(join(source, 'large'), patternBytes(1 << 20, 9))
  await backup()
  appendFileSync(join(source, 'notes', 'todo.txt'), 'two\n')
  renameSync(join(source, 'notes', 'old', 'a.txt'), join(source, 'notes', 'b.txt'))
  chmodSync(join(source, 'script'), 0o755)
  writeFileSync(join(source, 'new.TXT'), 'new\n')
  await backup()
  rmSync(join(source, 'notes', 'old'), { recursive: true })
  rmSync(join(source, 'script'))
  symlinkSync('large', join(source, 'script'))
  writeFileSync(join(source, 'notes', 'todo.txt'), 'one\n')
  await backup()
})

interface Difference {
  readonly kind: string
  readonly path: string
}

describe('what lies in many points', () => {
  test('is compared: two points, and folders of them', async () => {
    const place = shared()
    const { source } = place
    const [first = '', second = '', third = ''] = points
    const one = await place.succeed(['diff', first, second, '--json'])
    const differences = (JSON.parse(one.stdout) as Difference[]).map(({ kind, path }) => `${kind} ${path}`)
    expect(differences.filter((line) => !line.startsWith('metadata'))).toEqual([
      `added ${source}/new.TXT`,
      `renamed ${source}/notes/b.txt`,
      `content ${source}/notes/todo.txt`,
    ])
    expect(differences).toContain(`metadata ${source}/script`)
    const two = await place.succeed(['diff', second, third])
    expect(two.stdout).toContain(`T ${source}/script`)
    expect(two.stdout).toContain(`- ${source}/notes/old/`)
    expect(two.stderr).toContain('1 removed')
    const same = await place.succeed(['diff', `${first}:${source}/large`, `${third}:${source}/large`])
    expect(same.stdout).toBe('')
    const folders = await place.succeed(['diff', `${first}:${source}/notes`, `${third}:${source}/notes`])
    expect(folders.stdout).toContain(`R ${source}/notes/old/a.txt -> ${source}/notes/b.txt`)
  })

  test('is followed through time: each version of a file once', async () => {
    const place = shared()
    const todo = join(place.source, 'notes', 'todo.txt')
    const result = await place.succeed(['history', todo, '--json'])
    const { versions } = JSON.parse(result.stdout) as { versions: { size: number; points: { point: string }[] }[] }
    expect(
      versions.map(({ size, points: having }) => [size, having.map(({ point }) => points.indexOf(point))]),
    ).toEqual([
      [4, [0, 2]],
      [8, [1]],
    ])
    expect((await place.succeed(['history', todo])).stdout.trim().split('\n')).toHaveLength(3)
    const missing = await place.run(['history', '/no/such/file'])
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('none of 3 points holds /no/such/file')
  })

  test('is found by name, path, kind, size and case', async () => {
    const place = shared()
    const { source } = place
    const found = async (...words: string[]): Promise<string[]> => {
      const result = await place.succeed(['find', ...words, '--json'])
      return (JSON.parse(result.stdout) as { path: string }[]).map(({ path }) => path.slice(source.length))
    }
    expect(new Set(await found('*.txt'))).toEqual(
      new Set(['/.hidden.txt', '/notes/b.txt', '/notes/old/a.txt', '/notes/todo.txt']),
    )
    expect(await found('-i', 'NEW.txt')).toEqual(['/new.TXT'])
    expect(await found('notes/**/a.txt')).toEqual(['/notes/old/a.txt'])
    expect(await found('latest', '*.txt')).toEqual(['/.hidden.txt', '/notes/b.txt', '/notes/todo.txt'])
    expect(await found('--type', 'symlink', '*')).toEqual(['/script'])
    expect(await found('--larger', '1M', '*')).toEqual(['/large'])
    expect(await found('nothing-like-it')).toEqual([])
    expect((await place.run(['find', '--newer', 'yesterday', '*'])).code).toBe(2)
  })

  test('is measured: what all points share, and what only one holds', async () => {
    const place = shared()
    const stats = JSON.parse((await place.succeed(['stats', '--json'])).stdout) as {
      bytesRaw: number
      bytesUnique: number
      points: { point: string; bytes: number; blobs: number }[]
    }
    expect(stats.bytesRaw).toBeGreaterThan(3 << 20)
    expect(stats.bytesUnique).toBeGreaterThan(1 << 20)
    expect(stats.bytesUnique).toBeLessThan((1 << 20) + 60_000)
    const sole = stats.points.map(({ blobs }) => blobs)
    // The second point alone has the longer todo.txt; every point has trees of its own.
    expect(sole.every((blobs) => blobs >= 2)).toBe(true)
    expect(stats.points[1]?.bytes).toBeLessThan(20_000)
    expect((await place.succeed(['stats'])).stdout).toContain('Held only by it')
  })
})
