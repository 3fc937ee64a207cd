import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CliPlace } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { runHere } from '../support/run-here.ts'

/** Makes a repository with points, each with a file that the next one lacks. */
async function placeWith(points: number): Promise<CliPlace> {
  const place = new CliPlace()
  await place.init()
  for (let i = 0; i < points; i++) {
    writeFileSync(join(place.source, `file ${i}`), patternBytes(300_000, i))
    rmSync(join(place.source, `file ${i - 1}`), { force: true })
    await place.succeed(['backup', place.source])
  }
  return place
}

function events(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('forget and prune free what no point needs, and tell what, why and when', async () => {
  const place = await placeWith(3)
  const words = ['forget', '--keep-last', '1', '--json']
  const dry = events((await place.succeed([...words, '--dry-run'])).stdout)
  expect(dry.map(({ action, reasons }) => [action, reasons])).toEqual([
    ['keep', ['last', 'newest']],
    ['forget', []],
    ['forget', []],
    [undefined, undefined],
  ])
  expect(dry.at(-1)).toMatchObject({ type: 'summary', forgotten: 2, kept: 1, dryRun: true, graceSeconds: 86_400 })
  expect(dry.at(-1)?.['freeableBytes']).toBeGreaterThan(600_000)
  expect((JSON.parse((await place.succeed(['points', '--json'])).stdout) as unknown[]).length).toBe(3)

  const forgotten = await place.succeed(['forget', '--keep-last', '1'])
  expect(forgotten.stdout).toContain('Forgot 2 points, kept 1 point')
  expect(forgotten.stdout).toMatch(/A prune frees about [56]\d\d KiB/)
  expect((await place.succeed(['points'])).stderr).toBe('')
  const stats = JSON.parse((await place.succeed(['stats', '--json'])).stdout) as Record<string, unknown>
  expect(stats['freeableBytes']).toBe(dry.at(-1)?.['freeableBytes'])
  expect((await place.succeed(['stats'])).stdout).toMatch(/A prune frees {8}about [56]\d\d KiB/)

  const [marked] = events((await place.succeed(['prune', '--json', '--no-progress'])).stdout)
  expect(marked).toMatchObject({ type: 'summary', freed: { packs: 0 }, dryRun: false })
  expect((marked?.['waiting'] as unknown[]).length).toBe(1)
  const freed = await place.succeed(['prune', '--exclusive'])
  expect(freed.stdout).toMatch(/^Freed \d+ packs \(\d+ KiB\)/)
  const target = join(place.folder, 'restored')
  await place.succeed(['restore', `latest:${place.source}`, '--target', target])
  expect((await place.succeed(['forget', 'latest', '--prune', '--exclusive'])).stdout).toContain('Forgot 1 point')
  expect((await place.succeed(['points'])).stdout).toBe('')
})

const REFUSED: readonly (readonly [readonly string[], string])[] = [
  [['forget'], 'neither points to forget are named'],
  [['forget', '--keep-last', '0'], 'keep nothing'],
  [['forget', 'latest', '--keep-last', '1'], 'a policy is given as well'],
  [['forget', '--keep-last', '1', '--grace', '7d'], 'a prune, which is not asked for'],
  [['forget', 'no-such-point'], 'no-such-point'],
  [['forget', '--keep-within', 'long'], 'not a duration'],
  [['prune', '--max-repack', 'much'], 'not a size'],
]

test('what would keep nothing, or means nothing, is refused with exit code 2', async () => {
  const place = await placeWith(1)
  for (const [words, message] of REFUSED) {
    const { code, stderr } = await runHere(words, place)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  }
  expect((JSON.parse((await place.succeed(['points', '--json'])).stdout) as unknown[]).length).toBe(1)
})
