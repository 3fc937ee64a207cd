import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { systemRandomness } from '../../src/base/random.ts'
import { FileRunJournal } from '../../src/service/run-journal.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Makes the only entry look as if another process had written it. */
function pretend(folder: string, process: { readonly pid: number; readonly started: string }): void {
  const [name = ''] = readdirSync(join(folder, 'runs'))
  const path = join(folder, 'runs', name)
  const entry = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  writeFileSync(path, JSON.stringify({ ...entry, process }))
}

test('a run of a living process is not pending, and leaves nothing when it ends', async () => {
  const folder = temporaryFolder()
  const journal = new FileRunJournal(folder, systemRandomness)
  const end = await journal.begin({ source: 'application', fields: { root: '/srv/app' } })
  const [name = ''] = readdirSync(join(folder, 'runs'))
  expect(statSync(join(folder, 'runs', name)).mode & 0o777).toBe(0o600)
  expect(await journal.pending()).toEqual([])
  await end()
  expect(readdirSync(join(folder, 'runs'))).toEqual([])
})

test('a run whose process died is pending until it is settled', async () => {
  const folder = temporaryFolder()
  const journal = new FileRunJournal(folder, systemRandomness)
  await journal.begin({ source: 'application', fields: { root: '/srv/app' } })
  const { pid } = spawnSync('true')
  pretend(folder, { pid, started: '' })
  const [crashed] = await journal.pending()
  expect(crashed).toMatchObject({ source: 'application', fields: { root: '/srv/app' } })
  await crashed?.end()
  expect(await journal.pending()).toEqual([])
})

test('another process under the same number is not the one that wrote it', async () => {
  const folder = temporaryFolder()
  const journal = new FileRunJournal(folder, systemRandomness)
  await journal.begin({ source: 'application', fields: {} })
  pretend(folder, { pid: process.pid, started: 'another boot/1' })
  expect(await journal.pending()).toHaveLength(1)
})

test('what is no journal is passed over', async () => {
  const folder = temporaryFolder()
  const journal = new FileRunJournal(folder, systemRandomness)
  expect(await journal.pending()).toEqual([])
  mkdirSync(join(folder, 'runs'))
  const name = `${'ab'.repeat(16)}.json`
  for (const text of ['', '{', '[]', 'null', '{"source":1}', '{"source":"x","process":{"pid":-1,"started":""}}']) {
    writeFileSync(join(folder, 'runs', name), text)
    expect(await journal.pending()).toEqual([])
  }
  writeFileSync(join(folder, 'runs', 'notes.txt'), 'mine')
  expect(await journal.pending()).toEqual([])
})
