import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import S3rver from '@20minutes/s3rver'

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
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  const port = await freePort()
  // It computes signatures of requests to a bucket as older clients made them, without the path's last slash.
  const options = { silent: true, resetOnClose: false, allowMismatchedSignatures: true }
  const make = (): S3rver => withFoldersKept(new S3rver({ address: '127.0.0.1', port, directory, ...options }))
  let server = make()
  await server.run()
  let isRunning = true
  const stop = async (): Promise<void> => {
    if (isRunning) await server.close()
    isRunning = false
  }
  return {
    port,
    url: (path, other = port) => `s3://${path}?endpoint=http://127.0.0.1:${other}`,
    stop,
    start: async () => {
      server = make()
      await server.run()
      isRunning = true
    },
    [Symbol.asyncDispose]: async () => {
      await stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/**
 * Returns the server with the folders kept that removed objects leave empty. Its own way removes them with all that
 * is in them, while another request may just put an object there, which is then lost or answered with status 500.
 */
function withFoldersKept(server: S3rver): S3rver {
  const { store } = server
  store.deleteObject = async (bucket, key) => {
    for (const resource of ['object', 'object.md5', 'metadata.json'] as const) {
      await rm(store.getResourcePath(bucket, key, resource), { force: true })
    }
  }
  return server
}
