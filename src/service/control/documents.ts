import { z } from 'zod'

import { PROMISES } from '../daemon/missed-promises.ts'
import { JOB_STATES, LOG_SOURCES, RUN_OUTCOMES } from '../jobs/job.ts'
import { WAIT_REASONS } from '../jobs/job-standing.ts'
import { CATEGORIES, NOTIFICATION_STATES, PRIORITIES } from '../notifications/notification.ts'

/**
 * What crosses the control socket, and what commands print with --json: docs/control.openapi.yaml, docs/json.md. Times are
 * RFC 3339, what is unknown or does not apply is null. Text is as it was given, not fit for a terminal.
 */

const id = z.int().positive()
const time = z.string().max(64)
const text = z.string()

const error = z.object({ code: text, message: text, hint: text.nullable() })

export const progressDocument = z.object({
  time,
  step: text,
  bytesDone: z.number(),
  bytesTotal: z.number().nullable(),
  itemsDone: z.number(),
  itemsTotal: z.number().nullable(),
  path: text.nullable(),
})

export const jobDocument = z.object({
  id,
  /** The command that it runs, such as `backup`. */
  command: text,
  plan: text.nullable(),
  step: text.nullable(),
  repository: text.nullable(),
  /** The repository that it copies to. */
  to: text.nullable(),
  state: z.enum(JOB_STATES),
  /** It is `running`, but what ran it ended without a word: a daemon puts it right, and runs it again. */
  interrupted: z.boolean(),
  /** It is `interrupted`, and the command that it runs goes on by itself. */
  goesOn: z.boolean(),
  /** What it waits for while it is `queued`. */
  waitsFor: z.enum(WAIT_REASONS).nullable(),
  /** The repository that has to be unlocked before it can run. */
  waitsForUnlock: text.nullable(),
  /** The job of its plan that has to end before. */
  waitsForJob: id.nullable(),
  added: time,
  due: time,
  started: time.nullable(),
  finished: time.nullable(),
  /** How long it ran in all its runs, without what it waited; up to now while it runs. */
  ranMs: z.int().nullable(),
  runs: z.int(),
  failures: z.int(),
  cancelRequested: z.boolean(),
  exitCode: z.int().nullable(),
  error: error.nullable(),
  progress: progressDocument.nullable(),
})
export type JobDocument = z.infer<typeof jobDocument>

export const jobsDocument = z.object({
  jobs: z.array(jobDocument),
  /** `before` of the next page. */
  next: id.nullable(),
})
export type JobsDocument = z.infer<typeof jobsDocument>

export const jobDetailDocument = jobDocument.extend({
  /** The command line, with `--json`. */
  words: z.array(text),
  summary: z.json(),
  history: z.array(
    z.object({
      run: z.int(),
      started: time,
      finished: time.nullable(),
      outcome: z.enum(RUN_OUTCOMES).nullable(),
      exitCode: z.int().nullable(),
      error: error.nullable(),
    }),
  ),
})
export type JobDetailDocument = z.infer<typeof jobDetailDocument>

export const logDocument = z.object({
  lines: z.array(z.object({ run: z.int(), line: z.int(), time, from: z.enum(LOG_SOURCES), text })),
})
export type LogDocument = z.infer<typeof logDocument>
export type LogLineDocument = LogDocument['lines'][number]

export const plansDocument = z.object({
  plans: z.array(
    z.object({
      name: text,
      paused: z.boolean(),
      repository: text,
      sources: z.array(text),
      /** In words; none: it is only run by hand. */
      triggers: z.array(text),
      lastPoint: time.nullable(),
      proof: z.object({ time, wouldTakeMs: z.number(), repository: text }).nullable(),
      /** Promises that it does not keep now. */
      missed: z.array(z.object({ promise: z.enum(PROMISES), promisedMs: z.number(), actualMs: z.number() })),
      steps: z.array(
        z.object({
          name: text,
          kind: text,
          repository: text,
          /** The repository that it copies to. */
          to: text.nullable(),
          lastJob: id.nullable(),
          lastState: z.enum(JOB_STATES).nullable(),
          /** Of the last job: 3 where it was done in part. */
          lastExitCode: z.int().nullable(),
          done: time.nullable(),
          next: time.nullable(),
        }),
      ),
    }),
  ),
})
export type PlansDocument = z.infer<typeof plansDocument>
export type PlanDocument = PlansDocument['plans'][number]

export const notificationDocument = z.object({
  id,
  state: z.enum(NOTIFICATION_STATES),
  priority: z.enum(PRIORITIES),
  category: z.enum(CATEGORIES),
  plan: text.nullable(),
  title: text,
  message: text,
  raised: time,
  last: time,
  count: z.int(),
  resolved: time.nullable(),
})
export type NotificationDocument = z.infer<typeof notificationDocument>
export const notificationsDocument = z.object({ notifications: z.array(notificationDocument) })
export type NotificationsDocument = z.infer<typeof notificationsDocument>

export const statusDocument = z.object({
  pid: z.int(),
  version: text,
  /** The file that it follows. */
  configuration: text,
  started: time,
  plans: z.int(),
  jobsRunning: z.int(),
  jobsQueued: z.int(),
  /** Repositories that jobs wait for to be unlocked. */
  locked: z.array(text),
  unlocked: z.array(z.object({ location: text, since: time })),
  next: time.nullable(),
  notificationsActive: z.int(),
  mistake: error.nullable(),
  stopping: z.boolean(),
})
export type StatusDocument = z.infer<typeof statusDocument>

/** One line of what changes; what another version adds is left out by whoever does not know it. */
export const changeDocument = z.discriminatedUnion('type', [
  z.object({ type: z.literal('listening') }),
  z.object({ type: z.literal('job'), job: id }),
  z.object({ type: z.literal('notification'), notification: id }),
  z.object({ type: z.literal('plans') }),
  z.object({ type: z.literal('stopping') }),
])
export type ChangeDocument = z.infer<typeof changeDocument>

export const eventDocument = z.object({ plans: z.array(text) })
export const reloadDocument = z.object({ mistake: error.nullable() })
export const lockDocument = z.object({ forgotten: z.int() })
/** In hexadecimal. */
export const recipientDocument = z.object({ publicKey: z.string().regex(/^[0-9a-f]{64}$/) })

export const problemDocument = z.object({
  type: z.literal('error'),
  code: text,
  message: text,
  hint: text.nullable(),
  transient: z.boolean(),
})
