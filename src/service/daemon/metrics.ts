import { createServer } from 'node:http'
import { isDeepStrictEqual } from 'node:util'

import { DaemonError, errnoOf } from '../../base/errors.ts'
import { JOB_STATES } from '../jobs/job.ts'
import type { Daemon } from './daemon.ts'
import type { PlanStatus } from './plan-status.ts'
import type { MetricsAddress } from './settings.ts'

const PREFIX = 'tidemark_'
const REQUEST_MS_MAX = 5000

/** Serves metrics of a daemon to this machine alone, as Prometheus reads them, where the configuration says. */
export class MetricsServer implements AsyncDisposable {
  readonly #daemon: Daemon
  #address: MetricsAddress | undefined
  #server: AsyncDisposable | undefined
  #following: Promise<void> = Promise.resolve()

  constructor(daemon: Daemon) {
    this.#daemon = daemon
  }

  /** Serves at another address from now on, or nowhere. @throws {DaemonError} DAEMON_FAILED: the port is taken. */
  async follow(address: MetricsAddress | undefined): Promise<void> {
    const followed = this.#following.then(() => this.#move(address))
    this.#following = followed.catch(() => undefined)
    return followed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.follow(undefined)
  }

  async #move(address: MetricsAddress | undefined): Promise<void> {
    if (isDeepStrictEqual(address, this.#address)) return
    await this.#server?.[Symbol.asyncDispose]()
    this.#server = undefined
    this.#address = undefined
    if (address === undefined) return
    this.#server = await serveMetrics(this.#daemon, address)
    this.#address = address
  }
}

async function serveMetrics(daemon: Daemon, { host, port }: MetricsAddress): Promise<AsyncDisposable> {
  const server = createServer(
    { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX },
    (request, response) => {
      if (request.method !== 'GET' || request.url !== '/metrics') {
        response.writeHead(404).end()
        return
      }
      metricsOf(daemon).then(
        (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
        // Its stores do not answer: the daemon tells that itself.
        () => response.writeHead(503).end(),
      )
    },
  )
  server.maxConnections = 16
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(taken({ host, port }, cause)))
    server.listen({ host, port }, resolve)
  })
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Returns them in the text format of Prometheus. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
export async function metricsOf(daemon: Daemon): Promise<string> {
  const [status, plans] = await Promise.all([daemon.status(), daemon.plans()])
  const steps = plans.flatMap((each) => each.steps.map((step) => ({ plan: each.plan.name, ...step })))
  const ofStep = ({ plan, step }: (typeof steps)[number]): string => labels({ plan, step: step.name, kind: step.kind })
  return [
    ...family('start_time_seconds', 'When the daemon started.', [['', status.startedMs / 1000]]),
    ...family('jobs_running', 'Jobs that run.', [['', status.jobsRunning]]),
    ...family('jobs_queued', 'Jobs that wait.', [['', status.jobsQueued]]),
    ...family('notifications_active', 'Notifications that hold and that nobody has seen.', [
      ['', status.notificationsActive],
    ]),
    ...family('configuration_is_wrong', '1 while an earlier configuration is in force.', [
      ['', status.mistake === undefined ? 0 : 1],
    ]),
    ...family('last_point_seconds', 'When a plan made a point last.', plans.flatMap(lastPoint)),
    ...family(
      'step_done_seconds',
      'When a step of a plan was done last.',
      steps.flatMap((each) => (each.doneMs === undefined ? [] : [[ofStep(each), each.doneMs / 1000] as const])),
    ),
    ...family(
      'step_state',
      'How the last job of a step stands: 1 for its state.',
      steps.flatMap((each) => {
        const { last, plan, step } = each
        if (last === undefined) return []
        return JOB_STATES.map(
          (state) => [labels({ plan, step: step.name, kind: step.kind, state }), last.state === state ? 1 : 0] as const,
        )
      }),
    ),
    ...family('recovery_seconds', 'How long a restore of everything would take, as proven last.', plans.flatMap(proof)),
    '',
  ].join('\n')
}

type Sample = readonly [labels: string, value: number]

function lastPoint({ plan, lastPointMs }: PlanStatus): Sample[] {
  return lastPointMs === undefined ? [] : [[labels({ plan: plan.name }), lastPointMs / 1000]]
}

function proof({ plan, proof }: PlanStatus): Sample[] {
  return proof === undefined ? [] : [[labels({ plan: plan.name }), proof.wouldTakeMs / 1000]]
}

function family(name: string, help: string, samples: readonly Sample[]): string[] {
  const lines = samples.map(([labels, value]) => `${PREFIX}${name}${labels} ${value}`)
  return lines.length === 0 ? [] : [`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} gauge`, ...lines]
}

/** Names of plans and steps have no character that would have to be escaped. */
function labels(pairs: Readonly<Record<string, string>>): string {
  return `{${Object.entries(pairs)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}}`
}

function taken({ host, port }: MetricsAddress, cause: Error): DaemonError {
  const why = errnoOf(cause) ?? cause.message
  return new DaemonError('DAEMON_FAILED', `metrics cannot be served at ${host}:${port}: ${why}`, {
    cause,
    hint: 'Choose another port for `metrics` in the configuration.',
  })
}
