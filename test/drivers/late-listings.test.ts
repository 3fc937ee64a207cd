import { writeFileSync } from 'node:fs'

import { afterAll, expect, test } from 'vitest'

import { openDuneSeaDriver } from '../../drivers/dunesea/dunesea-driver.ts'
import { createStore } from '../../drivers/local/create-store.ts'
import { openLocalDriver } from '../../drivers/local/local-driver.ts'
import { createS3Store } from '../../drivers/s3/create-store.ts'
import { openS3Driver } from '../../drivers/s3/s3-driver.ts'
import { createSftpStore } from '../../drivers/sftp/create-store.ts'
import { openSftpDriver } from '../../drivers/sftp/sftp-driver.ts'
import type { PointId } from '../../src/base/ids.ts'
import {
  type ByteRange,
  type Driver,
  type DriverCapabilities,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectPath,
} from '../../src/storage/driver.ts'
import { Dice } from '../simulation/dice.ts'
import { startTestDuneSea } from '../support/dunesea-server.ts'
import { closeSharedPool, EngineFixture } from '../support/engine-fixture.ts'
import { type HttpProxy, startHttpProxy } from '../support/http-proxy.ts'
import { diskLines, pointLines } from '../support/point-content.ts'
import { s3Options, startS3Server } from '../support/s3-server.ts'
import { noSecrets, startSshServer } from '../support/ssh-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const SEED = Number(process.env['TIDEMARK_LATE_SEED'] ?? 1)
const LAG_MS = 60_000
/** Of a listing's chance to leave out an object that was put within the last minute: the last store lists all of them late. */
const CHANCES = [0.01, 0.3, 1]
const BACKUPS_EACH = 3
afterAll(closeSharedPool)

/** What a store that acknowledges at once and lists late leaves out of its listings, by a clock of its own. */
class Lateness {
  readonly #dice = new Dice(SEED)
  readonly #putMs = new Map<string, number>()
  #nowMs = 0
  chance = 0
  /** Names that were left out so far. */
  leftOut = 0

  /** Lets so much time pass. */
  pass(ms: number): void {
    this.#nowMs += ms
  }

  /** Lets up to so much time pass. */
  passSome(msMax: number): void {
    this.pass(this.#dice.below(msMax))
  }

  /** Told of what is being put, whose path ends with the one of its object. */
  put(path: string): void {
    this.#putMs.set(ofObject(path), this.#nowMs)
  }

  isLeftOut(path: string): boolean {
    const isFresh = this.#nowMs - (this.#putMs.get(ofObject(path)) ?? -LAG_MS) < LAG_MS
    const isLeftOut = isFresh && this.#dice.chance(this.chance)
    if (isLeftOut) this.leftOut++
    return isLeftOut
  }
}

/** `<kind>/<id>` of a longer path: ids are not shared between kinds. */
function ofObject(path: string): string {
  return (
    path
      .replace(/[?#].*$/, '')
      .split('/')
      .at(-1) ?? path
  )
}

/** Leaves names out of the listings that an S3 or a DuneSea server answers with. */
function listLate(proxy: HttpProxy, lateness: Lateness): void {
  proxy.fault = ({ method, url }) => {
    if (method === 'PUT') lateness.put(url)
    return undefined
  }
  proxy.alter = (body) => {
    const text = body.toString('latin1')
    if (text.includes('<ListBucketResult')) {
      const kept = text.replaceAll(/<Contents>.*?<\/Contents>/gs, (entry) =>
        lateness.isLeftOut(/<Key>(.*?)<\/Key>/.exec(entry)?.[1] ?? '') ? '' : entry,
      )
      return Buffer.from(kept, 'latin1')
    }
    if (!text.startsWith('{"objects":')) return body
    const page = JSON.parse(text) as { objects: { id: string }[]; more: boolean }
    return Buffer.from(JSON.stringify({ ...page, objects: page.objects.filter(({ id }) => !lateness.isLeftOut(id)) }))
  }
}

/** Does the same to a driver without a server, or with one whose answers nobody can read on their way. */
class LateDriver implements Driver {
  readonly #inner: Driver
  readonly #lateness: Lateness

  constructor(inner: Driver, lateness: Lateness) {
    this.#inner = inner
    this.#lateness = lateness
  }

  get capabilities(): DriverCapabilities {
    return this.#inner.capabilities
  }

  get location(): string {
    return this.#inner.location
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    this.#lateness.put(objectPath(name))
    await this.#inner.put(name, parts, signal)
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#inner.get(name, range, signal)
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    return this.#inner.stat(name, signal)
  }

  async *list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    for await (const info of this.#inner.list(kind, signal)) {
      if (!this.#lateness.isLeftOut(objectPath(info.name))) yield info
    }
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    await this.#inner.remove(name, signal)
  }

  localFile(name: ObjectName): string | undefined {
    return this.#inner.localFile(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }
}

/** Backs up again and again, by processes that know the last point and by some that know nothing, and looks at all points in the end. */
async function backUpOver(driver: Driver, lateness: Lateness): Promise<void> {
  const fixture = await EngineFixture.create(driver)
  lateness.pass(LAG_MS)
  const made: { readonly point: PointId; readonly lines: readonly string[] }[] = []
  for (const chance of CHANCES) {
    lateness.chance = chance
    for (let backup = 0; backup < BACKUPS_EACH; backup++) {
      writeFileSync(fixture.path(`file-${backup}`), `${chance} ${backup}`)
      if (backup === 1) await fixture.reopen()
      if (backup === 2) await fixture.loseCache()
      const { point } = await fixture.backup()
      if (point === undefined) throw new Error('no point was made')
      made.push({ point, lines: diskLines(fixture.source) })
      lateness.passSome(LAG_MS / 2)
    }
  }
  expect(lateness.leftOut).toBeGreaterThan(CHANCES.length * BACKUPS_EACH)
  // It has caught up.
  lateness.chance = 0
  await fixture.loseCache()
  for (const { point, lines } of made) {
    expect(await pointLines(await fixture.view(point), fixture.source), `seed ${SEED}, point ${point}`).toEqual(lines)
  }
  const { point, told } = await fixture.backup()
  expect(told).toEqual([])
  expect(await pointLines(await fixture.view(point), fixture.source)).toEqual(diskLines(fixture.source))
}

test('S3: points made over a store that lists late are whole, whatever its listings left out', async () => {
  await using server = await startS3Server()
  await using proxy = await startHttpProxy(server.port)
  const lateness = new Lateness()
  listLate(proxy, lateness)
  const options = s3Options(server.url('late/store', proxy.port))
  await createS3Store(options)
  await using driver = openS3Driver(options)
  await backUpOver(driver, lateness)
})

test('DuneSea: points made over a store that lists late are whole, whatever its listings left out', async () => {
  await using server = await startTestDuneSea()
  await using proxy = await startHttpProxy(server.port)
  const lateness = new Lateness()
  listLate(proxy, lateness)
  await using driver = openDuneSeaDriver({ url: server.url('home', proxy.port), token: server.token('home') })
  await backUpOver(driver, lateness)
})

test('SFTP: points made over a store that lists late are whole, whatever its listings left out', async () => {
  await using server = await startSshServer()
  const options = {
    server: server.server(),
    secrets: noSecrets,
    path: `${server.folder}/late`,
    location: 'sftp://there',
  }
  await createSftpStore(options)
  const lateness = new Lateness()
  await using driver = new LateDriver(await openSftpDriver(options), lateness)
  await backUpOver(driver, lateness)
})

test('A folder, of a network or of a removable disk: points made over one that lists late are whole, whatever it left out', async () => {
  const root = temporaryFolder()
  await createStore(root)
  const lateness = new Lateness()
  await using driver = new LateDriver(await openLocalDriver({ root }), lateness)
  await backUpOver(driver, lateness)
})
