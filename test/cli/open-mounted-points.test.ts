import { writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'

import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { systemClock } from '../../src/base/clock.ts'
import { openMountedPoints, type OpenedPoints } from '../../src/cli/open-mounted-points.ts'
import type { ByteRange, ObjectInfo, ObjectKind, ObjectName } from '../../src/storage/driver.ts'
import { closeSharedPool, EngineFixture } from '../support/engine-fixture.ts'

afterAll(closeSharedPool)

/** A store that, once it is told to, says which index files there are only after somebody has fetched a point. */
class PointsFirstDriver extends MemoryDriver {
  readonly #fetched = Promise.withResolvers<undefined>()
  isSlow = false

  override async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    if (name.kind === 'points') this.#fetched.resolve(undefined)
    return super.get(name, range, signal)
  }

  override async *list(kind: ObjectKind): AsyncGenerator<ObjectInfo> {
    if (kind === 'index' && this.isSlow) await this.#fetched.promise
    yield* super.list(kind)
  }
}

async function opened(f: EngineFixture): Promise<OpenedPoints> {
  f.driver.calls.length = 0
  const { repository } = f
  const onProblem = (problem: unknown): never => {
    throw problem
  }
  const watch = { clock: systemClock, freshMs: 60_000, patienceMs: 60_000, onProblem }
  return openMountedPoints({ repository, realm: repository.realm.realm, frameCache: undefined, ...watch })
}

async function backedUp(driver?: MemoryDriver): Promise<EngineFixture> {
  const f = await EngineFixture.create(driver)
  writeFileSync(f.path('file'), 'some bytes')
  await f.backup()
  return f
}

test('whoever mounts again lists each kind of object once, and fetches nothing that is known', async () => {
  const f = await backedUp()
  await f.loseCache()
  const first = await opened(f)
  first.frames[Symbol.dispose]()
  await f.reopen()
  const { frames, points } = await opened(f)
  const asked = f.driver.calls.map(({ method, kind }) => `${method} ${kind}`)
  expect(asked.toSorted()).toEqual([
    'list dead',
    'list index',
    'list instances',
    'list lost',
    'list marks',
    'list notes',
    'list points',
    'list tombstones',
  ])
  const [point] = (await points.current()).points
  expect(await point?.view.lookup(byteStringOf(f.path('file')))).toMatchObject({ kind: 'file', size: 10 })
  frames[Symbol.dispose]()
})

test('points are fetched while the index is, not after it', async () => {
  const driver = new PointsFirstDriver()
  const f = await backedUp(driver)
  await f.loseCache()
  driver.isSlow = true
  const { frames, points } = await opened(f)
  frames[Symbol.dispose]()
  expect((await points.current()).points).toHaveLength(1)
})
