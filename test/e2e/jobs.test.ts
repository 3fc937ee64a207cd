import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { ChildRunner } from '../../src/service/jobs/child-runner.ts'
import { CommandEnds } from '../../src/service/jobs/command-ends.ts'
import { CommandHandler } from '../../src/service/jobs/command-handler.ts'
import { COMMAND_KIND, type CommandMessage, encodeCommandMessage } from '../../src/service/jobs/command-message.ts'
import type { Job } from '../../src/service/jobs/job.ts'
import { CliPlace, PROGRAM } from '../support/cli.ts'
import { until } from '../support/cli-mount.ts'
import { JobPlace } from '../support/job-fixture.ts'

/** A store of jobs whose commands are run by the program itself. */
class ProgramJobs extends JobPlace {
  readonly cli = new CliPlace()
  readonly #runner = new ChildRunner({
    program: [process.execPath, PROGRAM],
    environment: this.cli.environment,
    workingDirectory: this.cli.folder,
    ends: new CommandEnds(this.stateDirectory, this.time),
  })
  readonly handlers = { [COMMAND_KIND]: new CommandHandler({ runner: this.#runner, clock: this.time }) }
  readonly worker1 = this.worker(this.handlers)

  async command(message: CommandMessage): Promise<Job> {
    return this.add({ kind: COMMAND_KIND, message: encodeCommandMessage(message) })
  }
}

test('a job backs up, with its hooks around it, and says what it made; one whose repository is away says so, and is tried again', async () => {
  const at = new ProgramJobs()
  await at.cli.init()
  const { source, folder } = at.cli
  writeFileSync(join(source, 'file'), 'x'.repeat(5000))
  const missing = await at.command({ words: ['prune', '--json', `--repository=${folder}/nowhere`] })
  const hook = (line: string): { command: string[]; limitMs: number } => ({
    command: ['/bin/sh', '-c', line],
    limitMs: 100_000,
  })
  const { id } = await at.command({
    words: ['backup', '--json', '--', source],
    hooks: {
      before: [hook(`echo stopped; echo before > ${folder}/hooks`)],
      after: [hook(`echo "$TIDEMARK_OUTCOME $TIDEMARK_POINT" >> ${folder}/hooks`)],
      onFailure: [hook(`echo failed >> ${folder}/hooks`)],
    },
  })
  await at.worker1.turn()
  await at.worker1.idle()
  const job = await at.get(id)
  expect(job).toMatchObject({ state: 'done', result: { exitCode: 0, summary: { type: 'summary', filesNew: 1 } } })
  const { point } = job.result?.summary as { readonly point: string }
  expect(readFileSync(join(folder, 'hooks'), 'utf8')).toBe(`before\ndone ${point}\n`)
  expect((await at.cli.succeed(['points', '--json'])).stdout).toContain(point)
  expect(await at.log(id)).toContain('hook: stopped')
  expect(readdirSync(join(at.stateDirectory, 'ends'))).toEqual([])
  const error = { code: 'NO_REPOSITORY' }
  expect(await at.get(missing.id)).toMatchObject({ state: 'queued', runs: 1, result: { exitCode: 10, error } })
})

test('a backup that is cancelled makes no point and can be resumed; one that outlived its worker is ended first', async () => {
  const at = new ProgramJobs()
  await at.cli.init()
  const { folder } = at.cli
  const slow = `echo $$ >> ${folder}/pids; until [ -e ${folder}/go ]; do sleep 0.05; done; echo content`
  const pids = (): string[] =>
    existsSync(join(folder, 'pids')) ? readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n') : []
  const words = ['backup', '--json', '--from-command', '--name=file', '--', '/bin/sh', '-c', slow]
  const { id } = await at.command({ words })

  await at.worker1.turn()
  expect(await until(() => pids().length === 1)).toBe(true)
  await at.worker1.cancel(id)
  await at.worker1.idle()
  expect(await at.get(id)).toMatchObject({ state: 'cancelled', result: { exitCode: 130 } })
  expect(JSON.parse((await at.cli.succeed(['points', '--json'])).stdout)).toEqual([])

  await at.store.resume(id, at.time.nowMs())
  await at.dyingWorker(at.handlers).turn()
  expect(await until(() => pids().length === 2)).toBe(true)
  await at.time.pass(60_000)
  await at.worker1.turn()
  await at.worker1.idle()
  // Whoever inherits what has ended may take a while to collect it.
  expect(await until(() => pids().every((pid) => !existsSync(`/proc/${pid}`)))).toBe(true)
  writeFileSync(join(folder, 'go'), '')
  await at.worker1.turn()
  await at.worker1.idle()
  expect(await at.get(id)).toMatchObject({ state: 'done', runs: 3, interruptions: 1 })
  expect(JSON.parse((await at.cli.succeed(['points', '--json'])).stdout)).toHaveLength(1)
})
