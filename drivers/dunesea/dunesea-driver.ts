import { z } from 'zod'

import { StorageError } from '../../src/base/errors.ts'
import { parseObjectId } from '../../src/base/ids.ts'
import { INDEX_BYTES_MAX } from '../../src/base/limits.ts'
import {
  type ByteRange,
  type Driver,
  type DriverCapabilities,
  OBJECT_KINDS,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectPath,
  type StoreSpace,
} from '../../src/storage/driver.ts'
import { type DriverCall, withMeaning } from '../../src/storage/failure-meaning.ts'
import { parseContentRange, rangeHeader } from '../../src/storage/http-range.ts'
import { rangeInside } from '../../src/storage/object-errors.ts'
import { DuneSeaClient, readExactly, readJson } from './dunesea-client.ts'
import { DUNESEA_FAILURES } from './dunesea-errors.ts'
import { type DuneSeaLocation, parseDuneSeaUrl } from './dunesea-location.ts'

const CONNECTIONS_USUAL = 8
const JSON_BYTES_MAX = 8 << 20

const count = z.int().nonnegative()
const pageSchema = z.object({
  objects: z.array(z.object({ kind: z.enum(OBJECT_KINDS), id: z.string(), bytes: count })),
  more: z.boolean(),
})
const domainSchema = z.object({ space: z.object({ free: count, total: count }).nullable() })

export interface DuneSeaDriverOptions {
  /** As the user wrote it. */
  readonly url: string
  readonly token: string
  /** How many requests at once suit the server, where a test has found out. */
  readonly connections?: number | undefined
  /** How long a connection may be silent; one minute by default, three for what the server has to bring to its disk. */
  readonly silenceMs?: number
}

/**
 * Opens the store in a domain of a DuneSea server. Nothing is asked of the server yet.
 *
 * @throws {UsageError} BAD_ARGUMENT: no such URL.
 * @throws {StorageError} STORE_DENIED: what is given is no token.
 */
export function openDuneSeaDriver(options: DuneSeaDriverOptions): DuneSeaDriver {
  const at = parseDuneSeaUrl(options.url)
  return new DuneSeaDriver(new DuneSeaClient(at, options.token, options.silenceMs), at, options)
}

/** Keeps objects in a domain of a DuneSea server: made by `openDuneSeaDriver`. See docs/dunesea.openapi.yaml. */
export class DuneSeaDriver implements Driver {
  readonly capabilities: DriverCapabilities
  readonly location: string
  readonly #client: DuneSeaClient
  readonly #domain: string

  constructor(
    client: DuneSeaClient,
    at: DuneSeaLocation,
    { url, connections = CONNECTIONS_USUAL }: Pick<DuneSeaDriverOptions, 'url' | 'connections'>,
  ) {
    this.capabilities = { exclusivePut: true, persistent: true, concurrency: connections }
    this.#client = client
    this.#domain = encodeURIComponent(at.domain)
    this.location = url
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await this.#meaning('writing', name, signal, async () => {
      const answer = await this.#client.send({ method: 'PUT', path: this.#path(name), parts, signal })
      await readExactly(answer, 0)
    })
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted()
    return this.#meaning('reading', name, signal, async () => {
      const asked = range === undefined ? undefined : rangeHeader(range)
      if (range !== undefined && asked === undefined) {
        // Nothing a header can say: an empty range, or one that lies nowhere.
        rangeInside(name, range, await this.#bytesOf(name, signal))
        return new Uint8Array(0)
      }
      return asked === undefined || range === undefined
        ? this.#getAll(name, signal)
        : this.#getRange(name, { ...range, header: asked }, signal)
    })
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    signal?.throwIfAborted()
    return this.#meaning('looking at', name, signal, async () => ({ name, bytes: await this.#bytesOf(name, signal) }))
  }

  list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    return this.listKinds([kind], signal)
  }

  /** One request tells of ten thousand objects, whatever their kinds. */
  async *listKinds(kinds: readonly ObjectKind[], signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    signal?.throwIfAborted()
    const query = `kinds=${[...new Set(kinds)].sort().join(',')}`
    for (let after = ''; ;) {
      const path = `/api/v1/object/${this.#domain}?${query}${after === '' ? '' : `&after=${after}`}`
      const page = await this.#meaning('listing', undefined, signal, () => this.#json(path, pageSchema, signal))
      for (const { kind, id: text, bytes } of page.objects) {
        const id = parseObjectId(text)
        // In order, and each once: a server that goes in circles would be listed for ever.
        if (id === undefined || !kinds.includes(kind) || `${kind}/${id}` <= after) throw brokenListing(this.location)
        after = `${kind}/${id}`
        yield { name: { kind, id }, bytes }
      }
      if (!page.more) return
      if (page.objects.length === 0) throw brokenListing(this.location)
    }
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await this.#meaning('removing', name, signal, async () => {
      await readExactly(await this.#client.send({ method: 'DELETE', path: this.#path(name), signal }), 0)
    })
  }

  localFile(): undefined {
    return undefined
  }

  /** What is left of the domain's quota, or of the server's disk; asks whether the server lets us in, too. */
  async space(signal?: AbortSignal): Promise<StoreSpace | undefined> {
    signal?.throwIfAborted()
    return this.#meaning('looking at', undefined, signal, async () => {
      const { space } = await this.#json(`/api/v1/domain/${this.#domain}`, domainSchema, signal)
      return space ?? undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close()
  }

  #path({ kind, id }: ObjectName): string {
    return `/api/v1/object/${this.#domain}/${kind}/${id}`
  }

  async #getAll(name: ObjectName, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const answer = await this.#client.send({ method: 'GET', path: this.#path(name), signal })
    const bytes = lengthOf(answer.headers['content-length'])
    if (bytes > INDEX_BYTES_MAX) throw unexpected(`${objectPath(name)} has ${bytes} bytes, more than any object`)
    return readExactly(answer, bytes)
  }

  async #getRange(
    name: ObjectName,
    { offset, length, header }: ByteRange & { readonly header: string },
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const answer = await this.#client.send({ method: 'GET', path: this.#path(name), range: header, signal })
    const part = parseContentRange(answer.headers['content-range'])
    if (part?.start !== offset)
      throw unexpected('the server, or a proxy before it, sent another part than was asked for')
    try {
      rangeInside(name, { offset, length }, part.total)
    } catch (error) {
      // What is there of it is on its way: nobody will read it.
      answer.destroy()
      throw error
    }
    if (length > INDEX_BYTES_MAX) throw unexpected(`${length} bytes are more than any object has`)
    return readExactly(answer, length)
  }

  async #bytesOf(name: ObjectName, signal: AbortSignal | undefined): Promise<number> {
    const answer = await this.#client.send({ method: 'HEAD', path: this.#path(name), signal })
    await readExactly(answer, 0)
    return lengthOf(answer.headers['content-length'])
  }

  async #json<T>(path: string, schema: z.ZodType<T>, signal: AbortSignal | undefined): Promise<T> {
    const answer = await this.#client.send({ method: 'GET', path, signal })
    const result = schema.safeParse(await readJson(answer, JSON_BYTES_MAX))
    if (result.success) return result.data
    throw unexpected('what the server answered is not in the form of DuneSea')
  }

  async #meaning<T>(
    doing: DriverCall['doing'],
    name: ObjectName | undefined,
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
  ): Promise<T> {
    return withMeaning({ doing, name, signal, location: this.location }, DUNESEA_FAILURES, act)
  }
}

function lengthOf(header: string | undefined): number {
  const bytes = /^\d{1,15}$/.test(header ?? '') ? Number(header) : Number.NaN
  if (Number.isSafeInteger(bytes)) return bytes
  throw unexpected('the server did not say how long the object is')
}

function brokenListing(location: string): StorageError {
  return unexpected(`the listing of ${location} is not in order`)
}

function unexpected(message: string): StorageError {
  return new StorageError('STORE_FAILED', message, {
    hint: 'See whether server and client have the same version, and what stands between them.',
  })
}
