import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { createStore } from '../../../drivers/local/create-store.ts'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { objectIdOf } from '../../../src/crypto/blake3.ts'
import { countingReads, filesOf, openPut, pathOf, slowToWrite, startedServer } from '../../support/dunesea-requests.ts'
import { putOf } from '../../support/dunesea-server.ts'
import { passes } from '../../support/eventually.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'

describe('a body', () => {
  test('that does not hash to its name is refused, and leaves nothing', async () => {
    const server = await startedServer()
    const token = server.token('home', { quotaBytes: 1000 })
    const answer = await server.fetch(pathOf(utf8('as named')), token, putOf(utf8('not as named')))
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({ code: 'ID_MISMATCH' })
    expect(filesOf(server)).toEqual([])
    const state = await server.fetch('/api/v1/domain/home', token)
    expect(await state.json()).toMatchObject({ space: { free: 1000 } })
  })

  test('that breaks off leaves nothing', async () => {
    const server = await startedServer()
    const token = server.token('home')
    const bytes = patternBytes(1 << 20, 1)
    const { sent, answer } = openPut(server, { path: pathOf(bytes), token, bytes: bytes.byteLength })
    sent.write(bytes.subarray(0, 300_000))
    await passes(() => expect(filesOf(server)).toHaveLength(1))
    sent.destroy()
    await expect(answer).rejects.toThrow()
    await passes(() => expect(filesOf(server)).toEqual([]))
    await passes(() => expect(server.accesses.at(-1)?.status).toBe(499))
  })

  test('of a client that falls silent is given up, and leaves nothing', async () => {
    const server = await startedServer({ limits: { silenceMs: 200 } })
    const token = server.token('home')
    const bytes = patternBytes(1 << 20, 1)
    const { sent, answer } = openPut(server, { path: pathOf(bytes), token, bytes: bytes.byteLength })
    sent.write(bytes.subarray(0, 300_000))
    await expect(answer).rejects.toThrow()
    await passes(() => expect(filesOf(server)).toEqual([]))
  })

  test('is waited for as long as the server itself needs for its disk', async () => {
    const bytes = patternBytes(8 << 20, 7)
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<undefined>()
    const server = await startedServer({ limits: { silenceMs: 2000 }, wrap: (driver) => slowToWrite(driver, mayGoOn) })
    const request = { path: pathOf(bytes), token: server.token('home'), bytes: bytes.byteLength }
    const { sent, answer } = openPut(server, request)
    sent.end(bytes)
    await setTimeout(2500)
    goOn(undefined)
    expect((await answer).statusCode).toBe(201)
  })

  test('that is too long is refused before it is taken', async () => {
    const server = await startedServer({ limits: { objectBytesMax: 1000 } })
    const bytes = new Uint8Array(1001)
    const { sent, answer } = openPut(server, { path: pathOf(bytes), token: server.token('home'), bytes: 1001 })
    sent.write(bytes.subarray(0, 10))
    expect((await answer).statusCode).toBe(413)
    expect(filesOf(server)).toEqual([])
  })

  test('whose length is not announced is refused', async () => {
    const server = await startedServer()
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(utf8('x'))
        controller.close()
      },
    })
    const request = { ...putOf(new Uint8Array(0)), body, duplex: 'half' } as const
    expect((await server.fetch(pathOf(utf8('x')), server.token('home'), request)).status).toBe(411)
  })

  test('under a taken name is refused, and the connection goes on being used', async () => {
    const server = await startedServer()
    const token = server.token('home')
    const bytes = patternBytes(3 << 20, 2)
    expect((await server.fetch(pathOf(bytes), token, putOf(bytes))).status).toBe(201)
    for (let round = 0; round < 3; round++) {
      const again = await server.fetch(pathOf(bytes), token, putOf(bytes))
      expect(again.status).toBe(409)
      expect(await again.json()).toMatchObject({ code: 'EXISTS' })
    }
    const read = await server.fetch(pathOf(bytes), token)
    expect(Buffer.compare(await read.bytes(), bytes)).toBe(0)
  })

  test('is taken no faster than the store writes it', async () => {
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<undefined>()
    const server = await startedServer({ wrap: (driver) => slowToWrite(driver, mayGoOn) })
    const bytes = patternBytes(32 << 20, 3)
    const { sent, answer } = openPut(server, {
      path: pathOf(bytes),
      token: server.token('home'),
      bytes: bytes.byteLength,
    })
    let taken = 0
    const send = async (): Promise<void> => {
      for (; taken < bytes.byteLength; taken += 1 << 20) {
        if (!sent.write(bytes.subarray(taken, taken + (1 << 20)))) await once(sent, 'drain')
      }
      sent.end()
    }
    const sending = send()
    await setTimeout(500)
    // What the system's buffers hold, and not what there is.
    expect(taken).toBeLessThan(20 << 20)
    goOn(undefined)
    await sending
    expect((await answer).statusCode).toBe(201)
  })
})

test('an object is read from the store no faster than its reader takes it', async () => {
  let reads = 0
  const server = await startedServer({ wrap: (driver) => countingReads(driver, () => reads++) })
  const token = server.token('home')
  const bytes = patternBytes(32 << 20, 4)
  await server.fetch(pathOf(bytes), token, putOf(bytes))
  const sent = httpRequest({
    ...{ host: '127.0.0.1', port: server.port, path: pathOf(bytes) },
    headers: { authorization: `Bearer ${token}` },
  }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  await setTimeout(500)
  expect(reads).toBeLessThan(20)
  let seen = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) seen += chunk.byteLength
  expect(seen).toBe(bytes.byteLength)
  expect(reads).toBe(32)
})

test('a reader who stops reading is given up', async () => {
  const bytes = patternBytes(32 << 20, 8)
  const server = await startedServer({ limits: { silenceMs: 1500 } })
  const token = server.token('home')
  const root = join(server.folder, 'domains', 'home')
  await createStore(root)
  await using driver = await openLocalDriver({ root })
  await driver.put({ kind: 'packs', id: objectIdOf(bytes) }, [bytes])
  const sent = httpRequest({
    ...{ host: '127.0.0.1', port: server.port, path: pathOf(bytes) },
    headers: { authorization: `Bearer ${token}` },
  }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  await passes(() => expect(server.accesses.at(-1)).toMatchObject({ method: 'GET', status: 499 }))
  await expect(answer.toArray()).rejects.toThrow()
})
