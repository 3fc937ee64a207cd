import { setTimeout as sleep } from 'node:timers/promises'

import { JOBS_PER_PAGE_MAX } from '../../service/jobs/job-store.ts'
import type { JobState } from '../../service/jobs/job.ts'
import type { Desk, LogPlace } from '../../service/control/desk.ts'
import type { JobDetailDocument, JobDocument, LogLineDocument } from '../../service/control/documents.ts'
import type { CliContext } from '../context.ts'
import {
  checkCancelled,
  checkResumed,
  logLine,
  missedOf,
  parseLimit,
  sayNoJobs,
  parseNumber,
  placesOf,
  shownOf,
  shownTime,
  standingOf,
  stateOf,
  tookOf,
} from '../control-format.ts'
import { EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts'
import { NO_DAEMON_RUNS, openDesk } from '../open-desk.ts'
import { table } from '../table.ts'

export interface JobsFlags {
  readonly state?: JobState
  readonly plan?: string
  readonly limit: string
}

export interface ShowJobFlags {
  readonly follow?: boolean
}

const FOLLOW_MS = 500

/** Lists jobs, the last added first. */
export async function listJobs(context: CliContext, asked: JobsFlags): Promise<undefined> {
  const { state, plan, limit } = asked
  const { output } = context
  const count = parseLimit(limit, JOBS_PER_PAGE_MAX)
  await using open = await openDesk(context)
  const states = state === undefined ? undefined : [state]
  const { jobs } = await open.desk.jobs({ states, plan, limit: count })
  const none = jobs.length > 0 ? undefined : sayNoJobs(asked, plan === undefined ? [] : (await open.desk.plans()).plans)
  if (output.json) output.document(jobs)
  else if (none !== undefined) output.message(none)
  else for (const line of jobLines(jobs)) output.line(line)
  const isWaiting = jobs.some(({ state }) => state === 'queued' || state === 'running')
  if (isWaiting && open.daemon === undefined && !output.json) output.message(NO_DAEMON_RUNS)
}

function jobLines(jobs: readonly JobDocument[]): string[] {
  return table(
    [
      { title: 'Job', align: 'right', value: ({ id }) => String(id) },
      { title: 'Command', value: ({ command }) => shownOf(command) },
      { title: 'Plan', value: ({ plan, step }) => shownOf(plan === null ? null : `${plan}/${step ?? ''}`) },
      { title: 'Repository', value: placesOf },
      { title: 'State', value: stateOf },
      { title: 'Added', value: ({ added }) => shownTime(added) },
      { title: 'Took', align: 'right', value: tookOf },
      { title: '', value: standingOf },
    ],
    jobs,
  )
}

/** Shows a job with its log; with `--follow`, until it has ended. */
export async function showJob(context: CliContext, word: string, flags: ShowJobFlags): Promise<number> {
  const id = parseNumber(word, 'job')
  await using open = await openDesk(context)
  // Awaited, so that the desk is not closed before.
  if (flags.follow === true) return await followJob(context, open.desk, id)
  const { output } = context
  const job = await open.desk.job(id)
  const log: LogLineDocument[] = []
  await readLog({ desk: open.desk, id }, undefined, (line) => log.push(line))
  if (output.json) {
    output.document({ ...job, log })
    return EXIT_DONE
  }
  for (const line of detailLines(job)) output.line(line)
  if (log.length > 0) output.line()
  for (const line of log) output.line(logLine(line))
  return EXIT_DONE
}

async function followJob({ output, signal }: CliContext, desk: Desk, id: number): Promise<number> {
  let place: LogPlace | undefined
  let told: string | undefined
  for (;;) {
    // Asked for before its log, so that no line of its end is missed.
    const job = await desk.job(id)
    place = await readLog({ desk, id }, place, (line) => {
      if (output.json) output.event('log', line)
      else output.line(logLine(line))
    })
    if (job.state !== 'queued' && job.state !== 'running') {
      if (output.json) output.event('summary', job)
      else for (const line of detailLines(job)) output.message(line)
      return job.state === 'done' ? EXIT_DONE : EXIT_FAILED
    }
    // Whoever looks at a job that says nothing wants to know why.
    const why = job.state === 'queued' || job.interrupted ? standingOf(job) : undefined
    if (why !== undefined && why !== told && !output.json) output.message(`Job ${id}: ${why}`)
    told = why
    await sleep(FOLLOW_MS, undefined, { signal: AbortSignal.any([signal, output.gone]) })
  }
}

/** Reads what a log has behind a place; returns where it was read up to. */
async function readLog(
  { desk, id }: { readonly desk: Desk; readonly id: number },
  after: LogPlace | undefined,
  take: (line: LogLineDocument) => void,
): Promise<LogPlace | undefined> {
  let place = after
  for (;;) {
    const { lines } = await desk.log(id, place)
    const last = lines.at(-1)
    if (last === undefined) return place
    for (const line of lines) take(line)
    place = { run: last.run, line: last.line }
  }
}

function detailLines(job: JobDetailDocument): string[] {
  const { id, state, plan, step, error, words } = job
  const rows: [string, string][] = [
    ['Job', `${id}, ${stateOf(job)}`],
    ['Plan', shownOf(plan === null ? null : `${plan}/${step ?? ''}`)],
    ['Repository', placesOf(job)],
    ['Command', shownOf(words.join(' '))],
    ['Added', shownTime(job.added)],
    ['Began', shownTime(job.started)],
    ['Took', tookOf(job)],
    ['Runs', job.history.length > 1 ? String(job.history.length) : ''],
    ['Stands', state === 'queued' || state === 'running' ? standingOf(job) : ''],
    ['Not done', missedOf(job)],
    ['Error', error === null || state === 'cancelled' ? '' : shownOf(failureText(error))],
  ]
  return rows.filter(([, text]) => text !== '').map(([title, text]) => `${title.padEnd(10)}  ${text}`)
}

function failureText({ message, hint }: NonNullable<JobDocument['error']>): string {
  return hint === null ? message : `${message} (${hint})`
}

/** Ends a job that is queued or runs. */
export async function cancelJob(context: CliContext, word: string): Promise<undefined> {
  await using open = await openDesk(context)
  const job = await open.desk.cancelJob(parseNumber(word, 'job'))
  checkCancelled(job)
  tellOfJob(context, job)
  if (job.interrupted && open.daemon === undefined) {
    context.output.message('The next daemon ends it, or the dashboard: what ran it is gone.')
  }
}

/** Queues a job anew that errored or was cancelled. */
export async function resumeJob(context: CliContext, word: string): Promise<undefined> {
  await using open = await openDesk(context)
  const job = await open.desk.resumeJob(parseNumber(word, 'job'))
  checkResumed(job)
  tellOfJob(context, job)
  if (open.daemon === undefined) context.output.message('It begins once a daemon runs: see `tidemark daemon`.')
}

function tellOfJob({ output }: CliContext, job: JobDocument): void {
  if (output.json) output.document(job)
  else output.message(`Job ${job.id}: ${job.cancelRequested ? 'it is being cancelled' : job.state}`)
}
