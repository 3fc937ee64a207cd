import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'

import { concatBytes } from '../../src/base/bytes.ts'
import { StorageError } from '../../src/base/errors.ts'
import { parseObjectId } from '../../src/base/ids.ts'
import {
  type ByteRange,
  type Driver,
  type DriverCapabilities,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectPath,
} from '../../src/storage/driver.ts'
import { objectExists, objectNotFound, rangeInside } from '../../src/storage/object-errors.ts'
import { MULTIPART_BYTES_MIN, putInParts } from './multipart.ts'
import { makeS3Client, type S3Credentials } from './s3-client.ts'
import { httpStatus, s3Error } from './s3-errors.ts'
import type { S3Location } from './s3-location.ts'

const UPLOADS_AT_ONCE = 8
/** An object that is not larger is put twice to see whether the server keeps the condition. */
const PROBE_BYTES_MAX = 64 << 10

export interface S3DriverOptions {
  readonly location: S3Location
  /** As the user wrote it. */
  readonly url: string
  /** By default those of AWS tools. */
  readonly credentials?: S3Credentials | undefined
}

/** What is known of "put only if the name is free": some servers ignore it without a word, some do not know it. */
type ConditionalPut = 'unknown' | 'kept' | 'ignored' | 'refused'

/** Opens the store in a bucket. Nothing is asked of the server yet. */
export function openS3Driver({ location, url, credentials }: S3DriverOptions): S3Driver {
  return new S3Driver(makeS3Client(location, credentials), location, url)
}

/** Keeps objects in a bucket of an S3 server, under the prefix of its location: made by `openS3Driver`. */
export class S3Driver implements Driver {
  readonly location: string
  readonly #client: S3Client
  readonly #at: S3Location
  #conditionalPut: ConditionalPut = 'unknown'

  constructor(client: S3Client, at: S3Location, url: string) {
    this.#client = client
    this.#at = at
    this.location = url
  }

  /** `exclusivePut` is true once the server has proven it. */
  get capabilities(): DriverCapabilities {
    return { exclusivePut: this.#conditionalPut === 'kept', persistent: true, concurrency: UPLOADS_AT_ONCE }
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    // The SDK takes one piece, and not of shared memory.
    const body = concatBytes(...parts)
    await this.#meaning('writing', name, signal, async () => {
      if (this.#conditionalPut !== 'kept' && (await this.#isThere(name, signal)))
        throw objectExists(name, this.location)
      try {
        await this.#putOnce(name, body, signal)
      } catch (error) {
        await this.#removeTorn(name, body)
        throw error
      }
      if (this.#conditionalPut === 'unknown' && body.byteLength <= PROBE_BYTES_MAX)
        await this.#probe(name, body, signal)
    })
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted()
    return this.#meaning('reading', name, signal, async () => {
      const asked = range === undefined ? undefined : headerOf(range)
      if (range !== undefined && asked === undefined) {
        // Nothing a header can say: an empty range, or one that lies nowhere.
        const { bytes } = await this.#stat(name, signal)
        rangeInside(name, range, bytes)
        return new Uint8Array(0)
      }
      const answer = await this.#getRange(name, asked, signal)
      const { start, total } = contentRange(answer)
      const { offset, length } = rangeInside(name, range, total)
      // A server that does not know ranges sends everything.
      return readBody(answer, { skip: offset - start, length })
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
      const page = await this.#meaning('listing', kind, signal, () =>
        this.#client.send(
          new ListObjectsV2Command({ Bucket: this.#at.bucket, Prefix, ContinuationToken: token }),
          optionsOf(signal),
        ),
      )
      for (const { Key, Size } of page.Contents ?? []) {
        const id = parseObjectId(Key?.slice(Key.lastIndexOf('/') + 1) ?? '')
        if (id !== undefined && Key === this.#key({ kind, id })) yield { name: { kind, id }, bytes: Size ?? 0 }
      }
      if (page.IsTruncated !== true) return
      token = page.NextContinuationToken
      if (token === undefined) throw brokenListing(this.location)
    }
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

  #key(name: ObjectName): string {
    return `${this.#at.prefix}${objectPath(name)}`
  }

  async #putOnce(name: ObjectName, body: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const isConditional = this.#conditionalPut === 'unknown' || this.#conditionalPut === 'kept'
    try {
      await this.#send(name, { body, isConditional }, signal)
    } catch (error) {
      const status = httpStatus(error)
      if (status === 412) throw objectExists(name, this.location)
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

  /** Puts the same bytes again: harmless, and a server that takes them does not keep the condition. */
  async #probe(name: ObjectName, body: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#send(name, { body, isConditional: true }, signal)
      this.#conditionalPut = 'ignored'
    } catch (error) {
      // Any other failure leaves the question open; the object itself is stored.
      if (httpStatus(error) === 412) this.#conditionalPut = 'kept'
      signal?.throwIfAborted()
    }
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
      if (isNotFound(error)) return false
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
    doing: 'writing' | 'reading' | 'looking at' | 'removing' | 'listing',
    what: ObjectName | ObjectKind,
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
  ): Promise<T> {
    try {
      return await act()
    } catch (error) {
      signal?.throwIfAborted()
      if (typeof what !== 'string' && isNotFound(error)) throw objectNotFound(what, this.location)
      const path = typeof what === 'string' ? `${this.location}, ${what}/` : `${this.location}, ${objectPath(what)}`
      throw s3Error(error, { doing, what: path })
    }
  }
}

/** A missing bucket is another matter, as far as a server tells: the answer to HEAD has no body that could. */
function isNotFound(error: unknown): boolean {
  return httpStatus(error) === 404 && error instanceof Error && error.name !== 'NoSuchBucket'
}

function optionsOf(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal }
}

/** The Range header of a range with at least one byte and numbers that mean something. */
function headerOf({ offset, length }: ByteRange): string | undefined {
  const isPlain = Number.isSafeInteger(offset) && Number.isSafeInteger(offset + length) && offset >= 0 && length > 0
  return isPlain ? `bytes=${offset}-${offset + length - 1}` : undefined
}

/** Where the bytes of an answer begin in the object, and how many that has in all. */
function contentRange({ ContentRange, ContentLength }: GetObjectCommandOutput): { start: number; total: number } {
  const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(ContentRange ?? '')
  return match === null ? { start: 0, total: ContentLength ?? 0 } : { start: Number(match[1]), total: Number(match[2]) }
}

/** Reads exactly `length` bytes after the first `skip` into a buffer of their own. */
async function readBody(
  { Body }: GetObjectCommandOutput,
  { skip, length }: { skip: number; length: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let seen = 0
  for await (const chunk of (Body ?? []) as AsyncIterable<Uint8Array>) {
    const wanted = chunk.subarray(Math.max(0, skip - seen), Math.max(0, skip + length - seen))
    bytes.set(wanted, Math.max(0, seen - skip))
    seen += chunk.byteLength
    if (seen >= skip + length) return bytes
  }
  if (skip >= 0 && seen >= skip + length) return bytes
  throw new StorageError('STORE_UNAVAILABLE', 'the server sent less than it had announced', { retry: 'transient' })
}

function brokenListing(location: string): StorageError {
  return new StorageError('STORE_FAILED', `the listing of ${location} breaks off`, {
    hint: 'The server says that there is more and not where: it is no S3 server that can be relied on.',
  })
}
