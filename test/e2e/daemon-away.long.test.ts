import { existsSync, mkdirSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { DaemonPlace } from '../support/daemon-place.ts'
import { passes } from '../support/eventually.ts'

test.each([
  ['gone', () => undefined],
  ['empty, as where its disk is not mounted', (folder: string) => mkdirSync(folder)],
])(
  'a plan whose repository is %s goes on in its order once it is back, and nobody is told of what passed',
  async (_, leave) => {
    const place = new DaemonPlace()
    await place.init()
    const begun = join(place.folder, 'begun')
    const goOn = join(place.folder, 'go-on')
    const plan = {
      ...{ sources: place.source, repository: 'disk', trigger: '@event go' },
      ...{ steps: ['incremental', { verify: '5%' }, { forget: { 'keep-last': 1 } }, 'prune'] },
      // The repository goes away while the plan runs.
      hooks: { before: `touch ${begun}; while ! test -e ${goOn}; do sleep 0.1; done` },
    }
    place.configure({ disk: place.repository }, `plans: ${JSON.stringify({ p: plan })}\n`)
    await place.succeed(['points', '-r', 'disk'])
    await place.startDaemon()
    await place.succeed(['plan', 'run', 'p'])
    await passes(() => expect(existsSync(begun)).toBe(true))
    renameSync(place.repository, `${place.repository}_`)
    leave(place.repository)
    mkdirSync(goOn)
    const away = { state: 'queued', failures: 1, error: { code: 'NO_REPOSITORY' } }
    const waiting = { state: 'queued', failures: 0, started: null }
    await passes(async () => expect(await place.jobs()).toMatchObject([away, waiting, waiting, waiting]))
    if (existsSync(place.repository)) rmdirSync(place.repository)
    renameSync(`${place.repository}_`, place.repository)
    await place.succeed(['job', 'show', '4', '--follow'])
    const jobs = await place.jobs()
    expect(jobs.map(({ command, state, runs }) => [command, state, runs])).toEqual([
      ['backup', 'done', 2],
      ['check', 'done', 1],
      ['forget', 'done', 1],
      ['prune', 'done', 1],
    ])
    const ends = jobs.map(({ finished }) => Date.parse(finished ?? ''))
    expect(ends).toEqual(ends.toSorted((a, b) => a - b))
    expect(JSON.parse((await place.succeed(['points', '-r', 'disk', '--json'])).stdout)).toHaveLength(1)
    expect(JSON.parse((await place.succeed(['notification', 'list', '--all', '--json'])).stdout)).toEqual([])
  },
)
