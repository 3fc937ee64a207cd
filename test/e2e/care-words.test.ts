import { mkdirSync, renameSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CliPlace, eventsOf, summaryOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

test('a dry run counts no holes, and a source that moved is told to make a chain of its own', async () => {
  const place = new CliPlace()
  await place.init()
  writeFileSync(join(place.source, 'sparse'), patternBytes(100_000, 1))
  truncateSync(join(place.source, 'sparse'), 50_000_000)
  const dry = summaryOf((await place.succeed(['backup', place.source, '--dry-run', '--json'])).stdout)
  const made = await place.succeed(['backup', place.source, '--json'])
  const { bytesRead, bytes, point } = summaryOf(made.stdout)
  expect(dry).toMatchObject({ bytesRead, bytes })
  expect(bytesRead).toBeLessThan(200_000)
  expect(made.stderr).not.toContain('new chain')
  const moved = join(place.folder, 'moved')
  renameSync(place.source, moved)
  const { stdout, stderr } = await place.succeed(['backup', moved, '--json'])
  expect(stderr).toMatch(new RegExp(`first point of a new chain.*${String(point).slice(0, 8)}`))
  expect(eventsOf(stdout).filter(({ type }) => type === 'warning').length).toBeGreaterThan(0)
  expect((await place.succeed(['backup', moved])).stderr).not.toContain('new chain')
})

test('a preview tells metadata from content; what is named and not of its kind ends with 2, in plain words', async () => {
  const place = new CliPlace()
  await place.init()
  mkdirSync(join(place.source, 'folder'))
  writeFileSync(join(place.source, 'changes'), 'before')
  await place.succeed(['backup', place.source])
  writeFileSync(join(place.source, 'changes'), 'and after')
  utimesSync(join(place.source, 'folder'), 1, 1)
  const preview = ['restore', `latest:${place.source}`, '--in-place', '--overwrite', 'if-changed', '--preview']
  const { stdout } = await place.succeed(preview)
  expect(stdout).toContain(`metadata  ${place.source}/folder/\n`)
  expect(stdout).toContain(`overwrite ${place.source}/changes\n`)
  const items = eventsOf((await place.succeed([...preview, '--json'])).stdout)
  expect(items).toContainEqual(
    expect.objectContaining({ path: join(place.source, 'folder'), action: 'overwrite', onlyMetadata: true }),
  )
  const file = join(place.source, 'changes')
  for (const [words, message] of [
    [['cat', `latest:${place.source}/folder`], 'is a folder, not a file'],
    [['ls', 'nothing-so-called'], 'neither the beginning of an id nor a date'],
    [['mount', file], 'is not a folder to mount over'],
    [['unmount', place.source], 'no repository is mounted'],
    [['backup', join(place.folder, 'nowhere')], 'there is nothing at'],
  ] as const) {
    const { code, stderr } = await place.run(words)
    expect([words, code, stderr]).toEqual([words, 2, expect.stringContaining(message)])
  }
})

test('samples say which part of the round they are, and which of them completes it', async () => {
  const place = new CliPlace()
  await place.init()
  for (let i = 0; i < 2; i++) {
    writeFileSync(join(place.source, `file-${i}`), patternBytes(200_000, i))
    await place.succeed(['backup', place.source])
  }
  const told: string[] = []
  for (let i = 0; i < 5 && !told.join().includes('complete,'); i++) {
    const { stdout } = await place.succeed(['check', '--read-data=20'])
    told.push(/from \d+ % to .*/.exec(stdout)?.[0] ?? 'complete, of all')
  }
  expect(told[0]).toMatch(/^from 0 % to \d+ % of the round; (one|\d+) more such checks? completes? it/)
  expect(told.at(-1)).toContain('complete')
  const { stdout } = await place.succeed(['check', '--read-data=20', '--json'])
  expect(summaryOf(stdout)['dataRead']).toHaveProperty('bytesBefore')
})
