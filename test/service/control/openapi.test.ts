import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

import { toHex } from '../../../src/base/bytes.ts'
import type { ObjectId } from '../../../src/base/ids.ts'
import { BoxRecipient, sealTo } from '../../../src/crypto/sealed-box.ts'
import { encodeHeldKey } from '../../../src/service/keys/held-key.ts'
import { startTestControl, type TestControl } from '../../support/control-server.ts'
import { INSTANCE, jobFor } from '../../support/stored-daemon.ts'

type Json = Readonly<Record<string, unknown>>
interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema?: Json }>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Record<string, Answer> }>>>>
  readonly components: { readonly schemas: Json; readonly responses: Readonly<Record<string, Answer>> }
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const
const document = parse(
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'control.openapi.yaml'), 'utf8'),
) as Document

const held = encodeHeldKey({
  ...{ kind: 'derived', slot: 'ab'.repeat(32) as ObjectId, bytes: new Uint8Array(32).fill(1) },
  credentials: new Map(),
})

const MINE = toHex(new BoxRecipient().publicKey)

/** As a command gives it to the daemon. */
function sealedHeld(): Uint8Array {
  return sealTo(control.keys.publicKey, held) ?? new Uint8Array(0)
}

/** A request, the template of its address where that differs, and the status of its answer. */
interface Exercise {
  readonly method: (typeof METHODS)[number]
  readonly path: string
  readonly of?: string
  readonly body?: Json | Uint8Array | (() => Uint8Array)
  readonly status: number
}

const [JOB, NOTIFICATION] = ['/v1/jobs/{id}', '/v1/notifications/{id}']
const EXERCISES: readonly Exercise[] = [
  { method: 'get', path: '/v1/status', status: 200 },
  { method: 'post', path: '/v1/reload', status: 200 },
  { method: 'post', path: '/v1/events', body: { name: 'done', about: { file: ['a', 1, null] } }, status: 200 },
  { method: 'post', path: '/v1/events', body: { name: '' }, status: 400 },
  { method: 'post', path: '/v1/events', body: { name: 'done', more: 1 }, status: 400 },
  { method: 'get', path: '/v1/plans', status: 200 },
  { method: 'post', path: '/v1/plans/nightly/run', of: '/v1/plans/{name}/run', status: 200 },
  { method: 'post', path: '/v1/plans/nightly/run', of: '/v1/plans/{name}/run', body: { step: 7 }, status: 400 },
  { method: 'post', path: '/v1/plans/weekly/run', of: '/v1/plans/{name}/run', status: 400 },
  { method: 'post', path: '/v1/plans/nightly/pause', of: '/v1/plans/{name}/pause', status: 200 },
  { method: 'post', path: '/v1/plans/nightly/resume', of: '/v1/plans/{name}/resume', status: 200 },
  { method: 'post', path: '/v1/jobs', body: { command: 'restore', repository: 'disk', input: '{}' }, status: 201 },
  {
    method: 'post',
    path: '/v1/jobs',
    body: { command: 'check', repository: 'a', arguments: ['--objects'] },
    status: 201,
  },
  { method: 'post', path: '/v1/jobs', body: { command: 'daemon', repository: 'disk' }, status: 400 },
  { method: 'get', path: '/v1/jobs', status: 200 },
  { method: 'get', path: '/v1/jobs?states=queued,done&plan=nightly&before=9&limit=1', of: '/v1/jobs', status: 200 },
  { method: 'get', path: '/v1/jobs?limit=1001', of: '/v1/jobs', status: 400 },
  { method: 'get', path: '/v1/jobs?states=lost', of: '/v1/jobs', status: 400 },
  { method: 'get', path: '/v1/jobs/1', of: JOB, status: 200 },
  { method: 'get', path: '/v1/jobs/99', of: JOB, status: 400 },
  { method: 'get', path: '/v1/jobs/x', of: JOB, status: 400 },
  { method: 'get', path: '/v1/jobs/1/log', of: `${JOB}/log`, status: 200 },
  { method: 'get', path: '/v1/jobs/1/log?run=1&line=1', of: `${JOB}/log`, status: 200 },
  { method: 'get', path: '/v1/jobs/1/log?run=1', of: `${JOB}/log`, status: 400 },
  { method: 'post', path: '/v1/jobs/1/cancel', of: `${JOB}/cancel`, status: 200 },
  { method: 'post', path: '/v1/jobs/1/resume', of: `${JOB}/resume`, status: 200 },
  { method: 'get', path: '/v1/notifications?states=active', of: '/v1/notifications', status: 200 },
  { method: 'get', path: '/v1/notifications/1', of: NOTIFICATION, status: 200 },
  { method: 'get', path: '/v1/notifications/2', of: NOTIFICATION, status: 400 },
  { method: 'post', path: '/v1/notifications/1/acknowledge', of: `${NOTIFICATION}/acknowledge`, status: 200 },
  { method: 'post', path: '/v1/notifications/2/acknowledge', of: `${NOTIFICATION}/acknowledge`, status: 400 },
  { method: 'get', path: '/v1/key/recipient', status: 200 },
  { method: 'get', path: `/v1/key?location=/a&recipient=${MINE}`, of: '/v1/key', status: 204 },
  { method: 'put', path: '/v1/key?location=/a', of: '/v1/key', body: held, status: 400 },
  { method: 'put', path: '/v1/key?location=/a', of: '/v1/key', body: sealedHeld, status: 201 },
  { method: 'put', path: '/v1/key?location=/a', of: '/v1/key', body: { key: 1 }, status: 400 },
  { method: 'put', path: '/v1/key?location=/a', of: '/v1/key', body: new Uint8Array(9), status: 400 },
  { method: 'get', path: `/v1/key?location=/a&recipient=${MINE}`, of: '/v1/key', status: 200 },
  { method: 'get', path: `/v1/key?location=/a&recipient=${'00'.repeat(32)}`, of: '/v1/key', status: 400 },
  { method: 'get', path: '/v1/key?location=/a&recipient=x', of: '/v1/key', status: 400 },
  { method: 'get', path: '/v1/key?location=/a', of: '/v1/key', status: 400 },
  { method: 'delete', path: '/v1/key', status: 200 },
  { method: 'get', path: '/v1/key', status: 400 },
  { method: 'post', path: '/v1/stop', status: 202 },
]

let control: TestControl
const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
beforeAll(async () => {
  control = await startTestControl(folder)
  const { jobs, notifications } = control.stored
  const job = await jobs.add(jobFor('nightly'), 1000)
  const worker = { instance: INSTANCE, worker: 'w', kinds: [job.kind], nowMs: 2000, leaseMs: 10_000 }
  await jobs.claim(worker)
  await jobs.log(job.id, 1, [{ timeMs: 2500, from: 'out', text: 'a\u001b[31mline' }])
  const error = { code: 'STORE_FULL', message: 'no room', hint: undefined }
  const result = { exitCode: 1, summary: { type: 'summary', files: [1] }, error }
  await jobs.settle(job.id, 'w', { nowMs: 3000, outcome: 'failed', result, next: { state: 'errored' } })
  const about = { key: 'k', category: 'failure', priority: 'high', plan: 'nightly', title: 't', message: 'm' } as const
  await notifications.raise(about, { instance: INSTANCE, nowMs: 4000, channels: [] })
})
afterAll(async () => {
  await control[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

describe('the OpenAPI document of the control socket', () => {
  test.each(EXERCISES)('describes what the daemon answers: $method $path, $status', async (exercise) => {
    const { method, path, of = path, status } = exercise
    const described = document.paths[of]?.[method]
    expect(described).toBeDefined()
    const answer = await send(exercise)
    expect([answer.status, answer.text]).toEqual([status, expect.anything()])
    if (status < 300) expect(Object.keys(described?.responses ?? {})).toContain(String(status))
    expectAsDescribed(answer, resolved(described?.responses[status] ?? described?.responses['default']))
  })

  test('has no operation that was not tried but the stream of changes', () => {
    const tried = EXERCISES.filter(({ status }) => status < 300).map(({ method, path, of = path }) => `${method} ${of}`)
    const all = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    )
    expect(all.filter((operation) => !tried.includes(operation))).toEqual(['get /v1/changes'])
  })

  test('names every method that the daemon knows at its addresses', async () => {
    for (const [template, methods] of Object.entries(document.paths)) {
      const path = template.replace('{id}', '1').replace('{name}', 'nightly')
      for (const method of METHODS.filter((known) => methods[known] === undefined)) {
        expect([method, path, (await send({ method, path, status: 404 })).status]).toEqual([method, path, 404])
      }
    }
  })
})

interface Received {
  readonly status: number
  readonly type: string | undefined
  readonly text: string
}

async function send({ method, path, body: given }: Exercise): Promise<Received> {
  const body = typeof given === 'function' ? given() : given
  const bytes = body instanceof Uint8Array
  const content = body === undefined || bytes ? body : JSON.stringify(body)
  const type = bytes ? 'application/octet-stream' : 'application/json'
  const headers = content === undefined ? {} : { 'content-type': type, 'content-length': content.length }
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: control.path, method, path, headers }, (answer) => {
      let text = ''
      answer.setEncoding('latin1').on('data', (part: string) => (text += part))
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type']?.split(';')[0], text }),
      )
    })
    sent.once('error', reject)
    sent.end(content)
  })
}

function expectAsDescribed({ type, text }: Received, described: Answer): void {
  const [expected] = Object.keys(described.content ?? {})
  expect(type).toBe(expected)
  const schema = described.content?.[expected ?? '']?.schema
  if (schema === undefined) return
  const whole = JSON.stringify({ ...schema, $defs: document.components.schemas })
  const decoder = z.fromJSONSchema(
    JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')) as z.core.JSONSchema.JSONSchema,
  )
  expect(decoder.safeParse(JSON.parse(text)).error).toBeUndefined()
}

function resolved(response: Answer | undefined): Answer {
  const reference: unknown = response === undefined ? undefined : Reflect.get(response, '$ref')
  if (typeof reference !== 'string') return response ?? {}
  return document.components.responses[reference.split('/').at(-1) ?? ''] ?? {}
}
