import { Readable } from 'node:stream'

import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'

import { StorageError } from '../../src/base/errors.ts'
import { parseObjectId } from '../../src/base/ids.ts'
import {
  type ByteRange,
  type Driver,
  type DriverCapabilities,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  OBJECT_KINDS,
  objectPath,
} from '../../src/storage/driver.ts'
import { type DriverCall, withMeaning } from '../../src/storage/failure-meaning.ts'
import { parseContentRange, rangeHeader } from '../../src/storage/http-range.ts'
import { objectExists, rangeInside } from '../../src/storage/object-errors.ts'
import { BodyBuffers } from './body-buffers.ts'
import { MULTIPART_BYTES_MIN, putInParts } from './multipart.ts'
import { makeS3Client, type S3Credentials } from './s3-client.ts'
import { httpStatus, isMissingObject, S3_FAILURES } from './s3-errors.ts'
import type { S3Location } from './s3-location.ts'

const CONNECTIONS_USUAL = 8
/** Sorts behind every key of a folder. */
const AFTER_FOLDER = '0'

export interface S3DriverOptions {
  readonly location: S3Location
  /** As the user wrote it. */
  readonly url: string
  /** By default those of AWS tools. */
  readonly credentials?: S3Credentials | undefined
  /** What an earlier test found out about the server. */
  readonly known?: S3Knowledge | undefined
  /** How long a connection may be silent; two minutes by default. */
  readonly silenceMs?: number
}

export interface S3Knowledge {
  /** False: no condition is sent any more, which such a server would refuse, or ignore. */
  readonly keepsConditions: boolean
  /** How many requests at once suit it, where that is not the usual number. */
  readonly connections: number | undefined
}

/** What is known of "put only if the name is free": some servers ignore it without a word, some refuse to hear of it. */
type ConditionalPut = 'unknown' | 'kept' | 'refused'

/** Where a listing goes on. */
type ListFrom = Pick<ListObjectsV2CommandInput, 'StartAfter' | 'ContinuationToken'>

/** One answer to a listing. */
interface Page {
  readonly infos: readonly ObjectInfo[]
  /** The last key that it tells. */
  readonly last: string
  /** Whether its keys ascend, from where it was asked to begin. */
  readonly isOrdered: boolean
  /** What to ask for more with; `undefined` when there is no more. */
  readonly next: string | undefined
}

/** Opens the store in a bucket. Nothing is asked of the server yet. */
export function openS3Driver(options: S3DriverOptions): S3Driver {
  return new S3Driver(makeS3Client(options.location, options.credentials, options.silenceMs), options)
}

/** Keeps objects in a bucket of an S3 server, under the prefix of its location: made by `openS3Driver`. */
export class S3Driver implements Driver {
  readonly location: string
  readonly #client: S3Client
  readonly #at: S3Location
  readonly #connections: number
  readonly #bodies = new BodyBuffers()
  #conditionalPut: ConditionalPut
  /** Keys whose put failed: it may have been done all the same, or in part. */
  readonly #uncertain = new Set<string>()

  constructor(client: S3Client, { location, url, known }: S3DriverOptions) {
    this.#client = client
    this.#at = location
    this.location = url
    this.#connections = known?.connections ?? CONNECTIONS_USUAL
    // That a server kept conditions is proven anew: it costs nothing, and the server may be another one by now.
    this.#conditionalPut = known?.keepsConditions === false ? 'refused' : 'unknown'
  }

  /** `exclusivePut` is true once the server has proven it. */
  get capabilities(): DriverCapabilities {
    return { exclusivePut: this.#conditionalPut === 'kept', persistent: true, concurrency: this.#connections }
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    // The SDK takes one piece, and not of shared memory.
    const body = this.#bodies.join(parts)
    await this.#meaning('writing', name, signal, async () => {
      const key = this.#key(name)
      // Put again over what had arrived, a break could tear it. And a server that keeps the condition may refuse before it
      // has read everything, and end the connection, with its answer.
      if (this.#uncertain.has(key) && (await this.#isThere(name, signal))) throw objectExists(name, this.location)
      try {
        await this.#putOnce(name, body, signal)
        this.#uncertain.delete(key)
        // After a failure nobody knows whether it is still being sent.
        this.#bodies.giveBack(body)
      } catch (error) {
        this.#uncertain.add(key)
        await this.#removeTorn(name, body)
        throw error
      }
    })
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted()
    return this.#meaning('reading', name, signal, async () => {
      const asked = range === undefined ? undefined : rangeHeader(range)
      if (range !== undefined && asked === undefined) {
        // Nothing a header can say: an empty range, or one that lies nowhere.
        const { bytes } = await this.#stat(name, signal)
        rangeInside(name, range, bytes)
        return new Uint8Array(0)
      }
      const answer = await this.#getRange(name, asked, signal)
      try {
        const { start, total } = contentRange(answer)
        const { offset, length } = rangeInside(name, range, total)
        // A server that does not know ranges sends everything.
        return await readBody(answer, { skip: offset - start, length })
      } catch (error) {
        // A body that nobody reads would keep its connection.
        if (answer.Body instanceof Readable) answer.Body.destroy()
        throw error
      }
    })
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    signal?.throwIfAborted()
    return this.#meaning('looking at', name, signal, () => this.#stat(name, signal))
  }

  async *list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    signal?.throwIfAborted()
    const Prefix = `${this.#at.prefix}${kind}/`
    for (let token: string | undefined; ;) {
      const page = await this.#page({ Prefix, ContinuationToken: token }, signal)
      for (const info of page.infos) if (info.name.kind === kind) yield info
      if (page.next === undefined) return
      token = page.next
    }
  }

  /** One request tells of a thousand objects, whatever their kinds; kinds that nobody asks for are jumped over. */
  async *listKinds(kinds: readonly ObjectKind[], signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    signal?.throwIfAborted()
    const { prefix: Prefix } = this.#at
    const left = [...new Set(kinds)].sort()
    let from: ListFrom = { StartAfter: `${Prefix}${left[0]}/` }
    for (let pages = 0; left.length > 0; pages++) {
      const page = await this.#page({ Prefix, ...from }, signal)
      // Only an order tells what a page has passed. Where there is none, each kind is listed by itself.
      if (page.next !== undefined && !page.isOrdered && pages === 0) break
      if (!page.isOrdered && pages > 0) throw brokenListing(this.location)
      for (const info of page.infos) if (kinds.includes(info.name.kind)) yield info
      if (page.next === undefined) return
      while (left[0] !== undefined && page.last >= `${Prefix}${left[0]}${AFTER_FOLDER}`) left.shift()
      const isWithin = page.last === '' || page.last.startsWith(`${Prefix}${left[0]}/`)
      from = isWithin ? { ContinuationToken: page.next } : { StartAfter: `${Prefix}${left[0]}/` }
    }
    for (const kind of left) yield* this.list(kind, signal)
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await this.#meaning('removing', name, signal, async () => {
      await this.#client.send(
        new DeleteObjectCommand({ Bucket: this.#at.bucket, Key: this.#key(name) }),
        optionsOf(signal),
      )
    })
  }

  localFile(): undefined {
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy()
  }

  async #page(from: { readonly Prefix: string } & ListFrom, signal: AbortSignal | undefined): Promise<Page> {
    const command = new ListObjectsV2Command({ Bucket: this.#at.bucket, ...from })
    const answer = await this.#meaning('listing', undefined, signal, () =>
      this.#client.send(command, optionsOf(signal)),
    )
    const { Contents = [], IsTruncated = false, NextContinuationToken: next } = answer
    if (IsTruncated && next === undefined) throw brokenListing(this.location)
    const keys = Contents.map(({ Key = '' }) => Key)
    return {
      infos: Contents.flatMap((object) => this.#infoOf(object) ?? []),
      last: keys.at(-1) ?? '',
      isOrdered: keys.every((key, i) => key > (keys[i - 1] ?? from.StartAfter ?? '')),
      next: IsTruncated ? next : undefined,
    }
  }

  /** What a key stands for; `undefined` when it is no object's. */
  #infoOf({
    Key = '',
    Size,
  }: {
    readonly Key?: string | undefined
    readonly Size?: number | undefined
  }): ObjectInfo | undefined {
    const path = Key.slice(this.#at.prefix.length)
    const kind = OBJECT_KINDS.find((known) => path.startsWith(`${known}/`))
    const id = parseObjectId(Key.slice(Key.lastIndexOf('/') + 1))
    if (kind === undefined || id === undefined || Key !== this.#key({ kind, id })) return undefined
    return { name: { kind, id }, bytes: Size ?? 0 }
  }

  #key(name: ObjectName): string {
    return `${this.#at.prefix}${objectPath(name)}`
  }

  async #putOnce(name: ObjectName, body: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const isConditional = this.#conditionalPut !== 'refused'
    try {
      await this.#send(name, { body, isConditional }, signal)
    } catch (error) {
      const status = httpStatus(error)
      if (status === 412) {
        this.#conditionalPut = 'kept'
        throw objectExists(name, this.location)
      }
      // 501 is the honest refusal; some answer 400 to a header they do not know.
      if (!isConditional || this.#conditionalPut === 'kept' || (status !== 501 && status !== 400)) throw error
      await this.#send(name, { body, isConditional: false }, signal)
      this.#conditionalPut = 'refused'
    }
  }

  async #send(
    name: ObjectName,
    { body, isConditional }: { body: Uint8Array; isConditional: boolean },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { bucket, storageClass, sse } = this.#at
    const target = {
      Bucket: bucket,
      Key: this.#key(name),
      ...(storageClass === undefined ? {} : { StorageClass: storageClass as 'STANDARD' }),
      ...(sse === undefined ? {} : { ServerSideEncryption: sse as 'AES256' }),
    }
    const condition = isConditional ? { IfNoneMatch: '*' } : {}
    if (body.byteLength >= MULTIPART_BYTES_MIN) {
      await putInParts(this.#client, { target, condition, body, signal })
      return
    }
    await this.#client.send(new PutObjectCommand({ ...target, ...condition, Body: body }), optionsOf(signal))
  }

  /** Some servers keep what had arrived of an upload that was broken off, under its name. */
  async #removeTorn(name: ObjectName, body: Uint8Array): Promise<void> {
    if (this.#conditionalPut === 'kept') return
    // Best effort: why the upload failed is what the caller learns.
    try {
      if ((await this.#stat(name, undefined)).bytes !== body.byteLength) await this.remove(name)
    } catch (error) {
      if (!(error instanceof Error)) throw error
    }
  }

  async #isThere(name: ObjectName, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.#stat(name, signal)
      return true
    } catch (error) {
      if (isMissingObject(error)) return false
      throw error
    }
  }

  async #stat(name: ObjectName, signal: AbortSignal | undefined): Promise<ObjectInfo> {
    const command = new HeadObjectCommand({ Bucket: this.#at.bucket, Key: this.#key(name) })
    const { ContentLength } = await this.#client.send(command, optionsOf(signal))
    return { name, bytes: ContentLength ?? 0 }
  }

  async #getRange(
    name: ObjectName,
    range: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<GetObjectCommandOutput> {
    const request = { Bucket: this.#at.bucket, Key: this.#key(name) }
    try {
      const command = new GetObjectCommand(range === undefined ? request : { ...request, Range: range })
      return await this.#client.send(command, optionsOf(signal))
    } catch (error) {
      if (httpStatus(error) !== 416) throw error
      // The range begins at or behind the end, wherever that is.
      const { bytes } = await this.#stat(name, signal)
      const [start = 0, end = 0] = (range ?? '').replace('bytes=', '').split('-').map(Number)
      rangeInside(name, { offset: start, length: end - start + 1 }, bytes)
      throw error
    }
  }

  async #meaning<T>(
    doing: DriverCall['doing'],
    name: ObjectName | undefined,
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
  ): Promise<T> {
    return withMeaning({ doing, name, signal, location: this.location }, S3_FAILURES, act)
  }
}

function optionsOf(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal }
}

/** Where the bytes of an answer begin in the object, and how many that has in all. */
function contentRange({ ContentRange, ContentLength }: GetObjectCommandOutput): { start: number; total: number } {
  return parseContentRange(ContentRange) ?? { start: 0, total: ContentLength ?? 0 }
}

/**
 * Reads exactly `length` bytes after the first `skip` into a buffer of their own. A body that ends with them is read to its
 * end: its connection serves the next request. What else follows is not waited for.
 */
async function readBody(
  { Body, ContentLength = 0 }: GetObjectCommandOutput,
  { skip, length }: { skip: number; length: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let seen = 0
  for await (const chunk of (Body ?? []) as AsyncIterable<Uint8Array>) {
    const wanted = chunk.subarray(Math.max(0, skip - seen), Math.max(0, skip + length - seen))
    bytes.set(wanted, Math.max(0, seen - skip))
    seen += chunk.byteLength
    if (seen >= skip + length && ContentLength > skip + length) return bytes
  }
  if (skip >= 0 && seen >= skip + length) return bytes
  throw new StorageError('STORE_UNAVAILABLE', 'the server sent less than it had announced', { retry: 'transient' })
}

function brokenListing(location: string): StorageError {
  return new StorageError('STORE_FAILED', `the listing of ${location} breaks off`, {
    hint: 'The server says that there is more and not where: it is no S3 server that can be relied on.',
  })
}
