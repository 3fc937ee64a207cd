import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

import { utf8 } from '../../../src/base/bytes.ts'
import { objectIdOf } from '../../../src/crypto/blake3.ts'
import { putOf, startTestDuneSea, type TestDuneSea, type TestRequest } from '../../support/dunesea-server.ts'

type Json = Readonly<Record<string, unknown>>
interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema: Json }>>
}
interface Operation {
  readonly responses: Readonly<Record<string, Json>>
  readonly security?: readonly unknown[]
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Json; readonly responses: Readonly<Record<string, Answer>> }
}

const METHODS = ['get', 'head', 'put', 'post', 'delete', 'patch'] as const
const document = parse(
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'dunesea.openapi.yaml'), 'utf8'),
) as Document

/** A request, and the answers that it has to get, one after the other. */
interface Exercise {
  readonly operation: readonly [method: (typeof METHODS)[number], template: string]
  readonly path: string
  readonly request?: TestRequest
  readonly statuses: readonly number[]
}

const bytes = utf8('a blob')
const later = utf8('the blob of a later backup')
const [id, sha256] = [objectIdOf(bytes), hashOf(bytes)]
const backup = {
  ...{ uuid: '00000000-0000-4000-8000-000000000001', date: '2026-11-21T16:00:00+01:00', type: 'full', size: 6 },
  ...{ hash: sha256, parent: null, objects: [], metadata: 'AAAA' },
}
const unknown = '0'.repeat(64)
const OBJECT = '/api/v1/object/{domain}/{kind}/{id}'
const BLOB = '/api/v1/blob/{domain}/{sha256}'
const METADATA = '/api/v1/metadata/{domain}'

const EXERCISES: readonly Exercise[] = [
  { operation: ['get', '/healthz'], path: '/healthz', statuses: [200] },
  { operation: ['get', '/metrics'], path: '/metrics', statuses: [200] },
  { operation: ['get', '/api/v1/domain/{domain}'], path: '/api/v1/domain/home', statuses: [200] },
  { operation: ['get', '/api/v1/domain/{domain}'], path: '/api/v1/domain/work', statuses: [403] },
  { operation: ['put', OBJECT], path: objectAt('index', id), request: putOf(bytes), statuses: [201, 409] },
  { operation: ['put', OBJECT], path: objectAt('index', unknown), request: putOf(bytes), statuses: [422] },
  { operation: ['put', OBJECT], path: objectAt('index', unknown), request: bodyOf('x', 'text/html'), statuses: [415] },
  { operation: ['head', OBJECT], path: objectAt('index', id), statuses: [200] },
  { operation: ['head', OBJECT], path: objectAt('index', unknown), statuses: [404] },
  { operation: ['get', OBJECT], path: objectAt('index', id), statuses: [200] },
  { operation: ['get', OBJECT], path: objectAt('index', id), request: rangeOf('bytes=1-2'), statuses: [206] },
  { operation: ['get', OBJECT], path: objectAt('index', id), request: rangeOf('bytes=9-'), statuses: [416] },
  { operation: ['get', OBJECT], path: objectAt('index', unknown), statuses: [404] },
  { operation: ['get', '/api/v1/object/{domain}'], path: '/api/v1/object/home?kinds=index,packs', statuses: [200] },
  { operation: ['get', '/api/v1/object/{domain}'], path: '/api/v1/object/home', statuses: [400] },
  { operation: ['delete', OBJECT], path: objectAt('index', id), statuses: [204, 204] },
  { operation: ['post', METADATA], path: '/api/v1/metadata/home', request: jsonOf(backup), statuses: [409] },
  { operation: ['post', METADATA], path: '/api/v1/metadata/home', request: jsonOf({}), statuses: [400] },
  { operation: ['post', METADATA], path: '/api/v1/metadata/home', request: bodyOf('{', jsonType()), statuses: [400] },
  { operation: ['put', BLOB], path: `/api/v1/blob/home/${sha256}`, request: putOf(bytes), statuses: [201, 200] },
  { operation: ['put', BLOB], path: `/api/v1/blob/home/${unknown}`, request: putOf(bytes), statuses: [422] },
  { operation: ['put', BLOB], path: `/api/v1/blob/home/${hashOf(later)}`, request: putOf(later), statuses: [201] },
  { operation: ['get', BLOB], path: `/api/v1/blob/home/${sha256}`, statuses: [200] },
  { operation: ['get', BLOB], path: `/api/v1/blob/home/${sha256}`, request: rangeOf('bytes=0-0'), statuses: [206] },
  { operation: ['get', BLOB], path: `/api/v1/blob/home/${unknown}`, statuses: [404] },
  { operation: ['post', METADATA], path: '/api/v1/metadata/home', request: jsonOf(backup), statuses: [201, 200] },
  {
    operation: ['post', METADATA],
    path: '/api/v1/metadata/home',
    request: jsonOf({ ...backup, hash: hashOf(later), type: 'incremental', parent: sha256 }),
    statuses: [201],
  },
  { operation: ['get', `${METADATA}/last`], path: '/api/v1/metadata/home/last', statuses: [200] },
  { operation: ['get', `${METADATA}/last`], path: '/api/v1/metadata/home/last?instance=other', statuses: [404] },
  { operation: ['get', `${METADATA}/next`], path: '/api/v1/metadata/home/next', statuses: [200] },
  { operation: ['get', `${METADATA}/next`], path: `/api/v1/metadata/home/next?previous=${sha256}`, statuses: [200] },
  { operation: ['get', `${METADATA}/next`], path: '/api/v1/metadata/home/next?previous=x', statuses: [400] },
  { operation: ['delete', `${METADATA}/{sha256}`], path: `/api/v1/metadata/home/${sha256}`, statuses: [204, 404] },
]

let server: TestDuneSea
let token: string
beforeAll(async () => {
  server = await startTestDuneSea()
  token = server.token('home')
})
afterAll(() => server[Symbol.asyncDispose]())

describe('the OpenAPI document', () => {
  test.each(EXERCISES)('describes what the server answers: $operation, $statuses', async (exercise) => {
    const { operation, path, request, statuses } = exercise
    const [method, template] = operation
    const described = document.paths[template]?.[method]
    expect(described).toBeDefined()
    for (const status of statuses) {
      const answer = await server.fetch(path, token, { method: method.toUpperCase(), ...request })
      expect(answer.status).toBe(status)
      const response = described?.responses[status] ?? described?.responses['default']
      // Success has to be described by its own number.
      if (answer.ok) expect(Object.keys(described?.responses ?? {})).toContain(String(status))
      await expectAsDescribed(answer, resolved(response))
    }
  })

  test('has no operation that was not tried, with each of its successes', () => {
    for (const [template, path] of Object.entries(document.paths)) {
      for (const method of METHODS) {
        const successes = Object.keys(path[method]?.responses ?? {}).filter((status) => status.startsWith('2'))
        const tried = EXERCISES.filter(({ operation }) => operation[0] === method && operation[1] === template)
        const seen = tried.flatMap(({ statuses }) => statuses.map(String))
        expect(successes.filter((status) => !seen.includes(status))).toEqual([])
      }
    }
  })

  test('names every method that the server knows at its addresses', async () => {
    for (const template of Object.keys(document.paths)) {
      const address = template
        .replace('{domain}', 'home')
        .replace('{kind}', 'packs')
        .replace(/\{(id|sha256)\}/, unknown)
      for (const method of METHODS.filter((known) => !methodsAt(address).has(known))) {
        const answer = await server.fetch(address, token, { method: method.toUpperCase() })
        expect([method, template, answer.status]).toEqual([method, template, 404])
      }
    }
  })

  test('says which addresses need no token; all others are refused without', async () => {
    for (const { operation, path, request } of EXERCISES) {
      const [method, template] = operation
      const isOpen = document.paths[template]?.[method]?.security?.length === 0
      const answer = await server.fetch(path, undefined, { method: method.toUpperCase(), ...request })
      expect([template, answer.status]).toEqual([template, isOpen ? 200 : 401])
    }
  })
})

/** The methods that the document has for an address: `…/last` fits `…/{sha256}`, too. */
function methodsAt(address: string): ReadonlySet<string> {
  const fitting = Object.entries(document.paths).filter(([template]) =>
    new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(address),
  )
  return new Set(fitting.flatMap(([, path]) => Object.keys(path)))
}

async function expectAsDescribed(answer: Response, described: Answer): Promise<void> {
  const [type, ...others] = Object.keys(described.content ?? {})
  expect(others).toEqual([])
  if (type === undefined) {
    expect((await answer.bytes()).byteLength).toBe(0)
    return
  }
  expect(answer.headers.get('content-type')?.split(';')[0]).toBe(type)
  const body = type.endsWith('json') ? await answer.json() : await answer.text()
  const schema = described.content?.[type]?.schema ?? {}
  expect(schemaOf(schema).safeParse(body).error).toBeUndefined()
}

/** The schema with everything that it refers to. */
function schemaOf(schema: Json): z.ZodType {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas })
  return z.fromJSONSchema(
    JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as z.core.JSONSchema.JSONSchema,
  )
}

function resolved(response: Json | undefined): Answer {
  const reference = response?.['$ref']
  if (typeof reference !== 'string') return response ?? {}
  return document.components.responses[reference.split('/').at(-1) ?? ''] ?? {}
}

function objectAt(kind: string, name: string): string {
  return `/api/v1/object/home/${kind}/${name}`
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

function rangeOf(range: string): TestRequest {
  return { headers: { range } }
}

function jsonType(): string {
  return 'application/json'
}

function bodyOf(body: string, type: string): TestRequest {
  return { body, headers: { 'content-type': type } }
}

function jsonOf(value: object): TestRequest {
  return bodyOf(JSON.stringify(value), jsonType())
}
