import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { processTag } from '../../../src/base/process-identity.ts'
import { deadProcessTag } from '../../support/dead-process.ts'
import { RestoreFixture, closePool } from '../../support/restore-fixture.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

afterAll(closePool)

const DAY_MS = 24 * 3600_000

async function targetWith(names: readonly string[]): Promise<{ f: RestoreFixture; target: string }> {
  const f = await RestoreFixture.create()
  await f.open([f.dir('d', [f.file('a', 'x')]), f.file('b', 'y')])
  const target = temporaryFolder()
  await f.restore({ target: byteStringOf(target) })
  for (const name of names) writeFileSync(join(target, 'd', name), 'half')
  return { f, target }
}

test('what a restore that was killed left half-written is removed by the next one into the same target', async () => {
  const name = `.tidemark-${deadProcessTag()}-0123abcd-7`
  const { f, target } = await targetWith([name])
  const options = { target: byteStringOf(target), overwrite: 'never' } as const
  expect(await f.plan(options)).toContain(`delete /d/${name}`)
  expect(existsSync(join(target, 'd', name))).toBe(true)
  const summary = await f.restore(options)
  expect(summary).toMatchObject({ failures: [], actions: { delete: { entries: 1, bytes: 4 } } })
  expect(readdirSync(join(target, 'd'))).toEqual(['a'])
})

test('also by one that restores a single file', async () => {
  const { f, target } = await targetWith([`.tidemark-${deadProcessTag()}-0123abcd-7`])
  await f.restore({ target: byteStringOf(join(target, 'd')), path: byteStringOf('/b') })
  expect(readdirSync(join(target, 'd')).sort()).toEqual(['a', 'b'])
})

test('what a restore at work is writing stays, and what nobody can know of stays for a day', async () => {
  const mine = `.tidemark-${processTag()}-0123abcd-0`
  const elsewhere = '.tidemark-0123456789abcdef-1-1-0123abcd-0'
  const untold = '.tidemark-0123abcd-0'
  const others = ['.tidemark-notes', '.tidemark-0123abcd-0.txt']
  const { f, target } = await targetWith([mine, elsewhere, untold, ...others])
  for (const [laterMs, left] of [
    [0, [mine, elsewhere, untold]],
    [2 * DAY_MS, [mine]],
  ] as const) {
    const clock = { ...systemClock, nowMs: () => Date.now() + laterMs }
    await f.restore({ target: byteStringOf(target), delete: false }, { clock })
    expect(readdirSync(join(target, 'd')).sort()).toEqual([...left, ...others, 'a'].sort())
  }
})

test('patterns that match nothing are told', async () => {
  const { f, target } = await targetWith([])
  const warnings: string[] = []
  const events = { warning: (message: string) => warnings.push(message) }
  const options = { target: byteStringOf(target), include: ['/d/', '*.nothing', '!b'], exclude: ['a', '/home'] }
  await f.restore(options, { events })
  expect(warnings.map((message) => /^the pattern "(.*)" matched nothing/.exec(message)?.[1])).toEqual([
    '*.nothing',
    '/home',
  ])
})
