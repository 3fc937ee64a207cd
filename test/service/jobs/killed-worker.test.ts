import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { systemClock } from '../../../src/base/clock.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import { systemScheduler } from '../../../src/repository/run-object.ts'
import { ChildRunner } from '../../../src/service/jobs/child-runner.ts'
import { CommandHandler } from '../../../src/service/jobs/command-handler.ts'
import { COMMAND_KIND, encodeCommandMessage } from '../../../src/service/jobs/command-message.ts'
import { Worker } from '../../../src/service/jobs/worker.ts'
import { until } from '../../support/cli-mount.ts'
import { INSTANCE, JobPlace } from '../../support/job-fixture.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const WORKER = join(import.meta.dirname, '../../support/jobs-worker.ts')
const PATH = process.env['PATH'] ?? ''

/**
 * A stage of a job as a shell script: it tells when it begins and ends, and of any stage of this job that still runs then.
 * One that is to be killed in waits, the first time.
 */
function script(stage: string, { waits, then }: { waits: boolean; then: string }): string {
  return `
    for pid in $(cat $FOLDER/pids 2> /dev/null); do
      state=$(sed 's/.*) //; s/ .*//' /proc/$pid/stat 2> /dev/null)
      if [ -n "$state" ] && [ "$state" != Z ]; then echo "DOUBLED in ${stage}" >> $FOLDER/log; fi
    done
    echo $$ >> $FOLDER/pids
    echo ${stage} >> $FOLDER/log
    if ${waits} && ! [ -e $FOLDER/killed ]; then
      sleep 60 & trap "kill $!; exit 130" TERM
      touch $FOLDER/waiting; wait; echo "NOT ENDED" >> $FOLDER/log
    fi
    sed -i "/^$$\\$/d" $FOLDER/pids
    ${then}`
}

const WHOLE = ['before', 'command', 'after']
/** Where the worker is killed: in which stage, or before it has written what. What has run by then, and what has to follow. */
const KILLS: readonly { at: string; dieBefore?: string; ran: string[]; follows: string[] }[] = [
  { at: 'the moment between start and note', dieBefore: 'note', ran: [], follows: WHOLE },
  { at: 'before', ran: ['before'], follows: ['after', ...WHOLE] },
  { at: 'command', ran: ['before', 'command'], follows: ['after', ...WHOLE] },
  { at: 'on-failure', ran: ['before', 'command', 'on-failure'], follows: ['after', ...WHOLE] },
  { at: 'after', ran: WHOLE, follows: ['after', ...WHOLE] },
  { at: 'the moment before settling', dieBefore: 'settle', ran: WHOLE, follows: ['after', ...WHOLE] },
]

test.each(KILLS)(
  'a worker killed in "$at" leaves nothing that is not put right at once',
  async ({ at, dieBefore, ran, follows }) => {
    const folder = temporaryFolder()
    const place = new JobPlace()
    const stage = (name: string, then = ':'): string => script(name, { waits: name === at, then })
    const hook = (name: string): { command: string[]; limitMs: number } => {
      return { command: ['/bin/sh', '-c', stage(name)], limitMs: 60_000 }
    }
    const fails = at === 'on-failure' ? '[ -e $FOLDER/killed ] || exit 2' : ':'
    const hooks = { before: [hook('before')], after: [hook('after')], onFailure: [hook('on-failure')] }
    const message = encodeCommandMessage({ words: [stage('command', fails)], hooks })
    const { id } = await place.store.add({ instance: INSTANCE, kind: COMMAND_KIND, message }, systemClock.nowMs())

    const killed = spawn(process.execPath, [WORKER, place.stateDirectory, INSTANCE, folder, dieBefore ?? ''], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const exit = once(killed, 'exit') as Promise<[number | null, string | null]>
    if (dieBefore === undefined) {
      expect(await until(() => existsSync(join(folder, 'waiting')))).toBe(true)
      killed.kill('SIGKILL')
    }
    expect(await exit).toEqual([null, 'SIGKILL'])
    writeFileSync(join(folder, 'killed'), '')

    const program = ['/bin/sh', '-c', 'eval "$1"', 'sh']
    const runner = new ChildRunner({
      program,
      environment: { PATH, FOLDER: folder },
      workingDirectory: '/',
      graceMs: 60_000,
    })
    const worker = new Worker({
      ...{
        store: place.store,
        instance: INSTANCE,
        clock: systemClock,
        randomness: systemRandomness,
        scheduler: systemScheduler,
      },
      handlers: new Map([[COMMAND_KIND, new CommandHandler({ runner, clock: systemClock })]]),
      onChanged: () => undefined,
      onProblem: (problem) => place.problems.push(problem),
    })
    for (let turn = 0; turn < 2; turn++) {
      await worker.turn()
      await worker.idle()
    }
    const log = existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8') : ''
    expect(log.split('\n').slice(0, -1)).toEqual([...ran, ...follows])
    expect(await place.get(id)).toMatchObject({ state: 'done', interruptions: 1, runs: 2 })
    expect(place.problems).toEqual([])
  },
)
