import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { z } from 'zod'

import { StorageError } from '../../base/errors.ts'
import { parseSha256, type Sha256 } from './aliases.ts'
import { type Backup, backupSchema, instanceSchema } from './backups.ts'
import { METADATA_BYTES_MAX } from './limits.ts'
import { appendOnly, badRequest, bodyOf, type RouteContext, sendObject, wrongBody } from './object-routes.ts'
import { Refusal } from './refusal.ts'

/**
 * Adds the five verbs of a storage driver that keeps whole backups: store_backup_metadata, store_backup,
 * get_last_backup_metadata, get_next_backup_metadata, get_backup_blob.
 */
export function addBackupRoutes(app: FastifyInstance, { entranceOf, limits }: RouteContext): void {
  app.put('/api/v1/blob/:domain/:sha256', async (request, reply) => {
    const { domain } = entranceOf(request)
    const wanted = hashOf(request)
    const body = bodyOf(request, limits.blobBytesMax)
    if ((await domain.findBlob(wanted)) !== undefined) return reply.code(200).send()
    try {
      await domain.put(body, ({ id, sha256 }) => {
        if (sha256 !== wanted) throw wrongBody()
        return { kind: 'packs', id }
      })
      return await reply.code(201).send()
    } catch (error) {
      // Another client was faster with the same bytes.
      if (!(error instanceof StorageError && error.code === 'EXISTS')) throw error
      return reply.code(200).send()
    }
  })

  app.get('/api/v1/blob/:domain/:sha256', async (request, reply) => {
    const { domain } = entranceOf(request)
    const found = await domain.findBlob(hashOf(request))
    if (found === undefined) throw new Refusal(404, 'NOT_FOUND', 'there is no such blob')
    return sendObject(domain, found, { request, reply })
  })

  app.post('/api/v1/metadata/:domain', { bodyLimit: METADATA_BYTES_MAX }, async (request, reply) => {
    const backup = parse(backupSchema, request.body)
    const isNew = await entranceOf(request).domain.storeBackup(backup)
    return reply.code(isNew ? 201 : 200).send({ instance: backup.instance, hash: backup.hash })
  })

  app.get('/api/v1/metadata/:domain/last', async (request) => {
    return found(entranceOf(request).domain.backups.last(instanceOf(request)))
  })

  app.get('/api/v1/metadata/:domain/next', async (request) => {
    const { backups } = entranceOf(request).domain
    const instance = instanceOf(request)
    const { previous } = request.query as { readonly previous?: unknown }
    if (previous === undefined) return found(backups.first(instance))
    const hash = typeof previous === 'string' ? parseSha256(previous) : undefined
    if (hash === undefined) throw badRequest('previous is the SHA-256 of a backup')
    if (backups.find(instance, hash) === undefined) {
      throw new Refusal(404, 'UNKNOWN_POINT', 'the previous backup is not stored')
    }
    return found(backups.next(instance, hash))
  })

  app.delete('/api/v1/metadata/:domain/:sha256', async (request, reply) => {
    const { domain, token } = entranceOf(request)
    if (token.appendOnly) throw appendOnly()
    found((await domain.removeBackup(instanceOf(request), hashOf(request))) || undefined)
    return reply.code(204).send()
  })
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Refusal(404, 'NOT_FOUND', 'there is no such backup')
  return value
}

function instanceOf(request: FastifyRequest): Backup['instance'] {
  return parse(instanceSchema, (request.query as { readonly instance?: unknown }).instance)
}

function hashOf(request: FastifyRequest): Sha256 {
  const hash = parseSha256((request.params as { readonly sha256: string }).sha256)
  if (hash === undefined) throw badRequest('a SHA-256 is 64 lower-case hexadecimal digits')
  return hash
}

function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw badRequest(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as expected'}`.replace(/^: /, ''))
}
