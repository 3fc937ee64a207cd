import { z } from 'zod'

import type { InstanceId } from '../../base/ids.ts'
import {
  type Job,
  type JobId,
  JOB_STATES,
  type JobProgress,
  type JobResult,
  type JobRun,
  type Json,
  LOG_SOURCES,
  type LogLine,
  RUN_OUTCOMES,
  type RunNote,
} from './job.ts'
import type { EventTrigger } from '../plans/plan.ts'
import type { Row } from '../state-database.ts'
import type { KeptEvent } from './job-store.ts'

const count = z.int().nonnegative()

/** What is not there, in a column or in JSON, is `undefined`. */
function maybe<T>(schema: z.ZodType<T>): z.ZodType<T | undefined> {
  return schema.nullish().transform((value) => value ?? undefined)
}

/** A column of JSON. What another program wrote there counts as if there were nothing. */
function json<T>(schema: z.ZodType<T>): z.ZodType<T | undefined> {
  return z
    .string()
    .nullish()
    .transform((text) => {
      if (text === null || text === undefined) return undefined
      const result = schema.safeParse(JSON.parse(text))
      return result.success ? result.data : undefined
    })
}

const progress: z.ZodType<JobProgress> = z.object({
  atMs: count,
  step: z.string(),
  bytesDone: count,
  bytesTotal: maybe(count),
  itemsDone: count,
  itemsTotal: maybe(count),
  path: maybe(z.string()),
})

const result: z.ZodType<JobResult> = z.object({
  exitCode: maybe(count),
  summary: maybe<Json>(z.json()),
  error: maybe(z.object({ code: z.string(), message: z.string(), hint: maybe(z.string()) })),
})

const note = json(
  z.object({
    stage: z.string(),
    process: z.object({ pid: z.int().positive(), started: z.string() }).optional(),
  }),
)

const job = z.object({
  id: count.transform((id) => id as JobId),
  instance: z.string().transform((id) => id as InstanceId),
  kind: z.string(),
  message: json<Json>(z.json()).transform((message) => message ?? null),
  plan: maybe(z.string()),
  step: maybe(z.string()),
  firing_ms: maybe(count),
  run_of: maybe(count).transform((id) => id as JobId | undefined),
  key: maybe(z.string()),
  priority: z.int(),
  state: z.enum(JOB_STATES),
  added_ms: count,
  due_ms: count,
  started_ms: maybe(count),
  run_started_ms: maybe(count),
  ran_ms: count,
  finished_ms: maybe(count),
  retries_max: count,
  time_limit_ms: maybe(count),
  runs: count,
  failures: count,
  interruptions: count,
  cancel_requested: count,
  progress: json(progress),
  result: json(result),
  worker: maybe(z.string()),
  lease_until_ms: maybe(count),
  note,
})

/** Returns the job of a row of the table `job`, which keeps to its constraints. */
export function jobOf(row: Row): Job {
  const { worker, lease_until_ms: untilMs, ...columns } = job.parse(row)
  return {
    id: columns.id,
    instance: columns.instance,
    kind: columns.kind,
    message: columns.message,
    plan: columns.plan,
    step: columns.step,
    firingMs: columns.firing_ms,
    runOf: columns.run_of,
    key: columns.key,
    priority: columns.priority,
    state: columns.state,
    addedMs: columns.added_ms,
    dueMs: columns.due_ms,
    startedMs: columns.started_ms,
    runStartedMs: columns.run_started_ms,
    ranMs: columns.ran_ms,
    finishedMs: columns.finished_ms,
    retriesMax: columns.retries_max,
    timeLimitMs: columns.time_limit_ms,
    runs: columns.runs,
    failures: columns.failures,
    interruptions: columns.interruptions,
    cancelRequested: columns.cancel_requested === 1,
    progress: columns.progress,
    result: columns.result,
    lease: worker === undefined || untilMs === undefined ? undefined : { worker, untilMs },
    process: columns.note?.process,
  }
}

/** Returns what the worker of the job of a row noted last. */
export function noteOf(row: Row): RunNote | undefined {
  const noted = note.parse(row['note'])
  if (noted === undefined) return undefined
  return { stage: noted.stage, ...(noted.process === undefined ? {} : { process: noted.process }) }
}

const run = z.object({
  number: count,
  started_ms: count,
  finished_ms: maybe(count),
  outcome: maybe(z.enum(RUN_OUTCOMES)),
  result: json(result),
})

/** Returns the run of a row of the table `run`. */
export function runOf(row: Row): JobRun {
  const { number, started_ms: startedMs, finished_ms: finishedMs, outcome, result } = run.parse(row)
  return { number, startedMs, finishedMs, outcome, result }
}

const line = z.object({ run: count, number: count, time_ms: count, source: z.enum(LOG_SOURCES), text: z.string() })

/** Returns the line of a row of the table `log_line`. */
export function lineOf(row: Row): LogLine {
  const { run, number, time_ms: timeMs, source, text } = line.parse(row)
  return { run, number, timeMs, from: source, text }
}

const event: z.ZodType<EventTrigger> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('event'), name: z.string() }),
  z.object({ kind: z.literal('path'), path: z.string() }),
  z.object({ kind: z.literal('volume'), label: z.string() }),
  z.object({ kind: z.literal('boot') }),
])

const raised = z.object({ event: json(event), at_ms: count, about: json<Json>(z.json()) })

/** Returns what the row of the table `raised` says that happened; `undefined`: another program wrote it. */
export function eventOf(row: Row): KeptEvent | undefined {
  const { event, at_ms: atMs, about } = raised.parse(row)
  return event === undefined ? undefined : { event, atMs, about }
}
