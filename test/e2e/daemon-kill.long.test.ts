import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { DaemonPlace } from '../support/daemon-place.ts'
import { eventually } from '../support/eventually.ts'

const STAGES = ['before', 'command', 'after'] as const

test('a daemon that is killed in any stage of a step leaves one job, which the next one does, and points that are whole', async () => {
  await Promise.all(STAGES.map(killedIn))
})

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
  expect(await eventually(() => place.jobs(), isOver)).toMatchObject([{ state: 'done', runs: 2 }])
  const said = readFileSync(log, 'utf8').trimEnd().split('\n')
  expect(said.at(-1)).toBe('after done')
  // What was interrupted is settled before it is run again.
  const settled = said.indexOf('after interrupted')
  expect(settled).toBeGreaterThan(0)
  expect(said.slice(settled + 1).map((each) => each.split(' ')[0])).toEqual(['before', 'command', 'after'])
  const { stdout } = await place.succeed(['points', '-r', 'disk', '--json'])
  expect(JSON.parse(stdout)).toHaveLength(stage === 'after' ? 2 : 1)
  await place.succeed(['check', '-r', 'disk', '--read-data'])
  expect(JSON.parse((await place.succeed(['notification', 'list', '--json'])).stdout)).toEqual([])
}
