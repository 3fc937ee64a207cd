import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { expect, test } from 'vitest'

import { DaemonPlace } from '../support/daemon-place.ts'
import { eventually, passes } from '../support/eventually.ts'

const STAGES = ['before', 'command', 'after'] as const

test('a daemon that is killed in any stage of a step leaves one job, which the next one does, and points that are whole', async () => {
  await Promise.all(STAGES.map(killedIn))
})

test('a daemon that is killed during each step of a plan leaves nothing out, nothing twice, and the order as it was', async () => {
  const place = new DaemonPlace()
  await place.init()
  const other = join(place.folder, 'other')
  for (let n = 0; n < 200; n++) writeFileSync(join(place.source, `file-${n}`), randomBytes(50_000))
  const plan = {
    ...{ sources: place.source, repository: 'disk', trigger: '@event go' },
    steps: [
      { full: '1 week' },
      { copy: 'other' },
      { verify: '100%' },
      { forget: { 'keep-last': 1 } },
      'prune',
      'prove',
    ],
  }
  const repositories = { disk: place.repository, other }
  place.configure(repositories, '')
  await place.succeed(['init', '-r', 'other', '--no-recovery', '--kdf-memory', '8M'])
  place.configure(repositories, `plans: ${JSON.stringify({ p: plan })}\n`)
  let daemon = await place.startDaemon()
  await place.succeed(['plan', 'run', 'p'])
  const jobs = (await place.jobs()).map(({ id }) => id)
  for (const id of jobs) {
    await passes(() => expect(stageOf(place, id)).toMatch(/^(command|ended)$/))
    daemon.kill('SIGKILL')
    await daemon.ended
    daemon = await place.startDaemon()
  }
  await place.succeed(['job', 'show', String(jobs.at(-1)), '--follow'])
  const done = await place.jobs()
  expect(done.map(({ command, state }) => [command, state])).toEqual(
    ['backup', 'copy', 'check', 'forget', 'prune', 'prove'].map((command) => [command, 'done']),
  )
  expect(done.some(({ runs }) => runs > 1)).toBe(true)
  const ends = done.map(({ finished }) => Date.parse(finished ?? ''))
  expect(ends).toEqual(ends.toSorted((a, b) => a - b))
  for (const name of ['disk', 'other']) {
    expect(JSON.parse((await place.succeed(['points', '-r', name, '--json'])).stdout)).toHaveLength(1)
    await place.succeed(['check', '-r', name, '--read-data'])
  }
  expect(JSON.parse((await place.succeed(['notification', 'list', '--json'])).stdout)).toEqual([])
})

/** What of a job is under way, as its daemon notes it before it does it. */
function stageOf({ folder }: DaemonPlace, id: number): string | undefined {
  using database = new DatabaseSync(join(folder, 'state', 'jobs.sqlite'), { readOnly: true })
  const row = database.prepare('SELECT state, note FROM job WHERE id = ?').get(id)
  if (row?.['state'] !== 'running') return row?.['state'] === 'queued' ? undefined : 'ended'
  const note = JSON.parse(String(row['note'] ?? '{}')) as { readonly stage?: string }
  return note.stage
}

async function killedIn(stage: (typeof STAGES)[number]): Promise<void> {
  const place = new DaemonPlace()
  const disk = { disk: place.repository }
  place.configure(disk, '')
  await place.succeed(['init', '-r', 'disk', '--no-recovery', '--kdf-memory', '8M'])
  const log = join(place.folder, 'log')
  const reached = join(place.folder, 'reached')
  // The first time it is reached, the stage lasts until something ends it.
  const line = (name: string): string => {
    const wait = name === stage ? `; test -e ${reached} || { touch ${reached}; sleep 300; }` : ''
    return `echo ${name} $TIDEMARK_OUTCOME >> ${log}${wait}`
  }
  const plan = {
    ...{ 'from-command': ['sh', '-c', `${line('command')}; echo dump`], file: 'dump', repository: 'disk' },
    ...{ trigger: '@event go', steps: ['incremental'], hooks: { before: line('before'), after: line('after') } },
  }
  // JSON is YAML.
  place.configure(disk, `plans: ${JSON.stringify({ p: plan })}\n`)
  const first = await place.startDaemon()
  await place.succeed(['event', 'go'])
  await eventually(async () => existsSync(reached), Boolean)
  first.kill('SIGKILL')
  await first.ended
  await place.startDaemon()
  const isOver = ([job]: readonly { state: string }[]): boolean => job?.state === 'done' || job?.state === 'errored'
  const runs = stage === 'after' ? 1 : 2
  expect(await eventually(() => place.jobs(), isOver)).toMatchObject([{ state: 'done', runs }])
  const said = readFileSync(log, 'utf8').trimEnd().split('\n')
  expect(said.at(-1)).toBe('after done')
  // What was interrupted is settled before it is run again; a command that had come to its end is not run again.
  const settled = said.indexOf(stage === 'after' ? 'after done' : 'after interrupted')
  expect(settled).toBeGreaterThan(0)
  const follows = stage === 'after' ? ['after'] : ['before', 'command', 'after']
  expect(said.slice(settled + 1).map((each) => each.split(' ')[0])).toEqual(follows)
  const { stdout } = await place.succeed(['points', '-r', 'disk', '--json'])
  expect(JSON.parse(stdout)).toHaveLength(1)
  await place.succeed(['check', '-r', 'disk', '--read-data'])
  expect(JSON.parse((await place.succeed(['notification', 'list', '--json'])).stdout)).toEqual([])
}
