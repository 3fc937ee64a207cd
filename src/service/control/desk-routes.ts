import type { FastifyInstance } from 'fastify'

import type { Daemon } from '../daemon/daemon.ts'
import type { KeyAgent } from '../keys/key-agent.ts'
import { SELECTION_BYTES_MAX } from '../restore-selection.ts'
import type { DaemonDesk } from './desk.ts'
import {
  askBody,
  decodePart,
  eventBody,
  jobsQuery,
  logQuery,
  named,
  notificationsQuery,
  numbered,
  runBody,
} from './request-parts.ts'
import { showError, showStatus } from './show.ts'

/** A selection is text within JSON, where its quotation marks take twice as much. */
const ASK_BYTES_MAX = 2 * SELECTION_BYTES_MAX

export const STOP_PATH = '/v1/stop'

export interface DeskRoutesContext {
  readonly desk: DaemonDesk
  readonly daemon: Daemon
  readonly keys: KeyAgent
}

/** Adds what is asked and wanted of plans, jobs, notifications and the daemon itself. */
export function addDeskRoutes(app: FastifyInstance, { desk, daemon, keys }: DeskRoutesContext): void {
  app.get('/v1/status', async () => showStatus(await daemon.status(), keys.list()))
  app.post('/v1/reload', async () => ({ mistake: showError(await daemon.reload()) }))
  app.post(STOP_PATH, async (_request, reply) => {
    // After the answer: the daemon takes the socket with it.
    reply.raw.once('close', () => daemon.stop())
    return reply.code(202).send({})
  })
  app.post('/v1/events', async ({ body }) => {
    const { name, about } = decodePart(eventBody, body)
    return { plans: [...(await daemon.raiseEvent(name, about))] }
  })
  addPlanRoutes(app, desk, daemon)
  addJobRoutes(app, desk, daemon)
  app.get('/v1/notifications', async ({ query }) => desk.notifications(decodePart(notificationsQuery, query)))
  app.get('/v1/notifications/:id', async ({ params }) => desk.notification(decodePart(numbered, params).id))
  app.post('/v1/notifications/:id/acknowledge', async ({ params }) => {
    return desk.acknowledge(decodePart(numbered, params).id)
  })
}

function addPlanRoutes(app: FastifyInstance, desk: DaemonDesk, daemon: Daemon): void {
  app.get('/v1/plans', async () => desk.plans())
  app.post('/v1/plans/:name/run', async ({ params, body }) => {
    const { step } = decodePart(runBody, body ?? {})
    const jobs = await daemon.runPlan(decodePart(named, params).name, step)
    return { jobs: await Promise.all(jobs.map((job) => desk.show(job))), next: null }
  })
  for (const [word, paused] of [['pause', true] as const, ['resume', false] as const]) {
    app.post(`/v1/plans/:name/${word}`, async ({ params }) => {
      await daemon.pausePlan(decodePart(named, params).name, paused)
      return {}
    })
  }
}

function addJobRoutes(app: FastifyInstance, desk: DaemonDesk, daemon: Daemon): void {
  app.post('/v1/jobs', { bodyLimit: ASK_BYTES_MAX }, async ({ body }, reply) => {
    const { command, arguments: rest, repository, input } = decodePart(askBody, body)
    const job = await daemon.ask({ words: [command, ...rest], repository, input })
    return reply.code(201).send(await desk.show(job))
  })
  app.get('/v1/jobs', async ({ query }) => desk.jobs(decodePart(jobsQuery, query)))
  app.get('/v1/jobs/:id', async ({ params }) => desk.job(decodePart(numbered, params).id))
  app.get('/v1/jobs/:id/log', async ({ params, query }) => {
    const { run, line } = decodePart(logQuery, query)
    return desk.log(
      decodePart(numbered, params).id,
      run === undefined || line === undefined ? undefined : { run, line },
    )
  })
  app.post('/v1/jobs/:id/cancel', async ({ params }) => desk.cancelJob(decodePart(numbered, params).id))
  app.post('/v1/jobs/:id/resume', async ({ params }) => desk.resumeJob(decodePart(numbered, params).id))
}
