import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import S3rver, { type S3Store } from '@20minutes/s3rver'

import { parseS3Url } from '../../drivers/s3/s3-location.ts'
import { freePort } from './ssh-server.ts'

/** Credentials that the server takes, and no other. */
export const S3_CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' } as const

/** Returns what opens the repository at a URL of the server, or of a proxy before it, as a driver. */
export function s3Options(url: string) {
  const credentials = {
    accessKeyId: S3_CREDENTIALS.AWS_ACCESS_KEY_ID,
    secretAccessKey: S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY,
  }
  return { url, location: parseS3Url(url), credentials }
}

/** A real S3 server on loopback, which ignores the condition of a put without a word. */
export interface TestS3Server extends AsyncDisposable {
  readonly port: number
  /** URL of a repository in it. */
  url(path: string, port?: number): string
  stop(): Promise<void>
  start(): Promise<void>
}

export async function startS3Server(): Promise<TestS3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  const [directory, arriving] = [join(folder, 'buckets'), join(folder, 'arriving')]
  mkdirSync(arriving)
  const port = await freePort()
  // It computes signatures of requests to a bucket as older clients made them, without the path's last slash.
  const options = { silent: true, resetOnClose: false, allowMismatchedSignatures: true }
  const run = async (): Promise<S3rver> => {
    const started = new S3rver({ address: '127.0.0.1', port, directory, ...options })
    changeAtOnce(started.store, arriving)
    await started.run()
    // A connection ends with the server, however long nobody asks anything.
    started.httpServer.keepAliveTimeout = 0
    return started
  }
  let server: S3rver | undefined = await run()
  const stop = async (): Promise<void> => {
    const running = server
    server = undefined
    await running?.close()
  }
  return {
    port,
    url: (path, other = port) => `s3://${path}?endpoint=http://127.0.0.1:${other}`,
    stop,
    start: async () => {
      server = await run()
    },
    [Symbol.asyncDispose]: async () => {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Has a store change each object at once, and look at objects while none is changed; what arrives lies in a folder of its
 * own until then. By itself it writes an object, and what it notes of it, where others list and read meanwhile, and
 * removes a folder with what was just put there: some of the requests at that moment are answered with status 500, with a
 * part of the object, or in vain.
 */
function changeAtOnce(store: S3Store, arriving: string): void {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = async <T>(act: () => Promise<T>): Promise<T> => {
    const acting = last.then(act)
    last = acting.catch(() => undefined)
    return acting
  }
  const [list, get] = [store.listObjects.bind(store), store.getObject.bind(store)]
  store.listObjects = async (...given) => inTurn(async () => list(...given))
  // What it has opened stays as it is.
  store.getObject = async (...given) => inTurn(async () => get(...given))
  store.putObject = async ({ bucket, key, content, metadata }) => {
    const arrived = join(arriving, randomUUID())
    const [size, md5] = await store.putContent(arrived, content)
    const path = store.getResourcePath(bucket, key, 'object')
    await inTurn(async () => {
      await mkdir(dirname(path), { recursive: true })
      await store.putMetadata(bucket, key, metadata, md5)
      await rename(arrived, path)
    })
    return { size, md5 }
  }
  store.deleteObject = async (bucket, key) =>
    inTurn(async () => {
      for (const resource of ['object', 'object.md5', 'metadata.json'] as const) {
        await rm(store.getResourcePath(bucket, key, resource), { force: true })
      }
    })
}
