import { existsSync, readdirSync } from 'node:fs'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { objectIdOf } from '../../src/crypto/blake3.ts'
import type { StreamingDriver } from '../../src/storage/driver.ts'
import { startTestDuneSea, type TestDuneSea, type TestDuneSeaOptions } from './dunesea-server.ts'

/** Starts a server that ends with the running test. */
export async function startedServer(options?: TestDuneSeaOptions): Promise<TestDuneSea> {
  const server = await startTestDuneSea(options)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

/** Where an object of these bytes lies. */
export function pathOf(bytes: Uint8Array, { domain = 'home', kind = 'packs' } = {}): string {
  return `/api/v1/object/${domain}/${kind}/${objectIdOf(bytes)}`
}

/** Files of a domain, also those that are no objects yet. */
export function filesOf(server: TestDuneSea, domain = 'home'): string[] {
  const folder = join(server.folder, 'domains', domain)
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

/** A request whose body the test sends itself. */
export function openPut(server: TestDuneSea, { path, token, bytes }: { path: string; token: string; bytes: number }) {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/octet-stream',
    'content-length': bytes,
  }
  const sent: ClientRequest = httpRequest({ host: '127.0.0.1', port: server.port, method: 'PUT', path, headers })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve)
    sent.once('error', reject)
  })
  // Whoever awaits it gets the error.
  answer.catch(() => undefined)
  onTestFinished(() => void sent.destroy())
  return { sent, answer }
}

/** Takes the first piece of a body, and more only once `mayGoOn` resolves. */
export function slowToWrite(driver: StreamingDriver, mayGoOn: Promise<undefined>): StreamingDriver {
  const putStream: StreamingDriver['putStream'] = async (body, nameOf) => {
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      for await (const piece of body) {
        yield piece
        await mayGoOn
      }
    }
    await driver.putStream(pieces(), nameOf)
  }
  return changed(driver, { putStream })
}

/** Tells of every read. */
export function countingReads(driver: StreamingDriver, onRead: () => void): StreamingDriver {
  const get: StreamingDriver['get'] = (...call) => {
    onRead()
    return driver.get(...call)
  }
  return changed(driver, { get })
}

/** Fails with `error` when an object is looked at. */
export function failing(driver: StreamingDriver, error: Error): StreamingDriver {
  return changed(driver, { stat: () => Promise.reject(error) })
}

/** Returns `driver` with some of its methods replaced. */
function changed(driver: StreamingDriver, methods: Partial<StreamingDriver>): StreamingDriver {
  return new Proxy(driver, {
    get: (target, name) => {
      const own: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name, target)
      return typeof own === 'function' ? (own.bind(target) as unknown) : own
    },
  })
}
