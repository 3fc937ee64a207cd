import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { type ByteString, bytesOf, joinPath } from '../../../src/base/byte-string.ts'
import { IntegrityError } from '../../../src/base/errors.ts'
import { type BlobId, hexId, type ObjectId, type PointId } from '../../../src/base/ids.ts'
import { checkObjects } from '../../../src/engine/check/check-objects.ts'
import { isDamaged } from '../../../src/engine/check/check-types.ts'
import { type OpenPointView, openPointView } from '../../../src/engine/point-view.ts'
import type { TreeEntry } from '../../../src/format/tree.ts'
import { openRepository } from '../../../src/repository/repository.ts'
import { signTombstone } from '../../../src/repository/signing.ts'
import { type Driver, OBJECT_KINDS, type ObjectInfo, type ObjectKind, objectPath } from '../../../src/storage/driver.ts'
import { runCheck } from '../../support/care-fixture.ts'
import { closeSharedPool, EngineFixture, sharedPool } from '../../support/engine-fixture.ts'
import { listAll } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { STRANGE_THINGS } from '../../support/strange-things.ts'
import { temporaryMemoryFolder } from '../../support/temporary-folder.ts'
import { testSecret } from '../../support/test-machine.ts'

/** Bits are flipped at places that this chooses. */
const SEED = Number(process.env['TIDEMARK_TEST_SEED'] ?? 20261121)
/** Frames of a pack that are damaged, one after the other. */
const FRAMES_MAX = 3
/** Files in the pack that is cut off. */
const FILES_CUT = 8
/** What nothing refers to: that it was deleted is not to be seen, and nothing is wrong without it. */
const UNMISSED: readonly ObjectKind[] = ['runs', 'marks', 'dead', 'lost', 'notes']
/** Without its config or only slot, nobody opens it anew; without its record or its signer's, a point is not there. */
const UNOPENABLE: readonly ObjectKind[] = ['config', 'keys', 'points', 'instances']

let random = SEED
function below(bound: number): number {
  random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
  return random % bound
}

interface Truth {
  /** `<sequence>:<path>` of what cannot be read. */
  readonly unreadable: Set<string>
  /** Hashes of what can. */
  readonly hashes: Map<string, string>
}

let fixture: EngineFixture
let whole: Truth
let objects: ObjectInfo[]

/** Makes a small repository with an object of every kind. */
async function prepare(store?: Driver): Promise<void> {
  fixture = await EngineFixture.create(store)
  await fill()
  await putOneOfEach()
  whole = await readAll()
  expect(whole.unreadable).toEqual(new Set())
  objects = []
  for (const kind of OBJECT_KINDS) objects.push(...(await listAll(fixture.driver, kind)))
}

async function fill(): Promise<void> {
  for (const folder of ['a', 'b/inner', 'c']) mkdirSync(fixture.path(folder), { recursive: true })
  for (let i = 0; i < 12; i++) writeFileSync(fixture.path(['a', 'b/inner', 'c'][i % 3]!, `small-${i}`), `text ${i}`)
  writeFileSync(fixture.path('a', 'chunks'), patternBytes(1_500_000, 2))
  // So many blobs that they stand in a list.
  writeFileSync(fixture.path('b', 'list'), patternBytes(12_000_000, 3))
  await fixture.backup()
  writeFileSync(fixture.path('c', 'small-2'), 'changed')
  await fixture.backup()
}

afterAll(closeSharedPool)

/** Puts a record of each kind that backups leave none of. */
async function putOneOfEach(): Promise<void> {
  const { records, instance, keyRing, id } = fixture.repository
  const made = { seconds: 1, nanoseconds: 0 }
  const [point] = (await fixture.repository.chain({ reload: true })).points
  const nobody = hexId<ObjectId>(new Uint8Array(32).fill(9))
  const run = { run: hexId<never>(new Uint8Array(16)), instance: instance.id, counter: 0, started: made }
  const { id: mark } = await records.put('marks', { packs: [nobody], made }, instance)
  await records.put('runs', run, instance)
  await records.put('dead', { packs: [nobody], mark, made }, instance)
  await records.put('lost', { packs: [nobody], blobs: new Uint8Array(), made }, instance)
  const text = { addTags: ['kept'], removeTags: [], text: 'a note', made }
  await records.put('notes', { point: point!.record.point, ...text }, instance)
  const target = { target: 'point', id: hexId<PointId>(new Uint8Array(16)), hash: new Uint8Array(64), made } as const
  await records.put('tombstones', signTombstone(keyRing, id, target), instance)
}

/** Reads everything that there is as another machine would, without anything kept. */
async function readAll(): Promise<Truth> {
  const truth: Truth = { unreadable: new Set(), hashes: new Map() }
  using repository = await openRepository({
    ...fixture.ports(),
    cache: undefined,
    onProblem: () => undefined,
    secret: testSecret,
  })
  const blobs = await repository.blobs()
  for (const { record } of (await repository.chain()).points) {
    const name = (path: ByteString): string => `${record.sequence}:${bytesOf(path).toString('utf8')}`
    const view = openPointView(blobs, record.parts)
    await tryTo(truth, name('/' as ByteString), () => blobs.read(record.detail as BlobId, 'detail'))
    await readBelow({ view, truth, name }, '/' as ByteString, view.root)
  }
  return truth
}

async function readBelow(
  of: { view: OpenPointView; truth: Truth; name: (path: ByteString) => string },
  path: ByteString,
  directory: TreeEntry,
): Promise<void> {
  const { view, truth, name } = of
  const entries = (await tryTo(truth, name(path), () => view.entries(directory))) ?? []
  for (const entry of entries) {
    const at = joinPath(path, entry.name)
    if (entry.kind === 'dir') await readBelow(of, at, entry)
    if (entry.kind !== 'file') continue
    const hash = createHash('sha256')
    await tryTo(truth, name(at), async () => {
      for await (const piece of view.content(entry)) hash.update(piece)
      truth.hashes.set(name(at), hash.digest('hex'))
    })
  }
}

async function tryTo<T>(truth: Truth, name: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error
    truth.unreadable.add(name)
    return undefined
  }
}

/** Whatever is wrong with the store: nothing wrong is given out. */
function expectNoWrongBytes({ hashes }: Truth, context: string): void {
  for (const [name, hash] of hashes) expect(`${name} ${hash}`, context).toBe(`${name} ${whole.hashes.get(name)}`)
}

/** Offsets of one byte in every region of an object. */
async function regionsOf({ name, bytes }: ObjectInfo): Promise<number[]> {
  const between = (start: number, end: number): number => start + below(Math.max(1, end - start))
  if (name.kind === 'config') return [0, between(10, bytes - 140), between(bytes - 130, bytes - 4), bytes - 1]
  if (name.kind === 'keys')
    return [0, 7, 10, 30, 57, 70, 82, 90, between(120, 1336), 1340, between(1368, bytes), bytes - 1]
  if (name.kind !== 'packs') return [0, 5, 7, 9, 21, 30, between(56, bytes - 16), bytes - 1]
  const index = await fixture.repository.index()
  const { firstFrame = 0, frames = 0 } = index.packs.row(index.packs.rowOf(name.id)!)
  const step = Math.ceil(frames / FRAMES_MAX)
  const inFrames = Array.from({ length: Math.ceil(frames / step) }, (_, i) => {
    const { offset, storedBytes } = index.blobs.frames.get(firstFrame + i * step)
    return between(offset, offset + storedBytes)
  })
  const last = index.blobs.frames.get(firstFrame + frames - 1)
  const footer = between(last.offset + last.storedBytes, bytes - 12)
  return [0, 6, 8, 21, between(24, 1192), between(1192, 1224), ...inFrames, footer, bytes - 11, bytes - 1]
}

const of = (kinds: readonly ObjectKind[]): ObjectInfo[] => objects.filter(({ name }) => kinds.includes(name.kind))
const RECORDS = OBJECT_KINDS.filter((kind) => kind !== 'packs')

describe(`one bit flipped (seed ${SEED})`, () => {
  test('in any region of any record, slot or config is noticed', async () => {
    await prepare()
    for (const object of of(RECORDS)) {
      const bytes = await fixture.driver.inner.get(object.name)
      for (const at of await regionsOf(object)) {
        fixture.driver.replace(object.name, bytes.with(at, bytes[at]! ^ (1 << below(8))))
        const { report, findings } = await runCheck(fixture, { dryRun: true })
        const context = `${objectPath(object.name)} at ${at}`
        expect(isDamaged(report), context).toBe(true)
        expect(
          findings.map(({ problem }) => problem.context['object'] ?? problem.message),
          context,
        ).toContainEqual(expect.stringContaining(object.name.id))
        fixture.driver.heal()
      }
    }
  })

  test('in any region of any pack is noticed, and names exactly the files that cannot be read', async () => {
    await prepare()
    let frames = 0
    for (const object of of(['packs'])) {
      const bytes = await fixture.driver.inner.get(object.name)
      for (const at of await regionsOf(object)) {
        fixture.driver.replace(object.name, bytes.with(at, bytes[at]! ^ (1 << below(8))))
        const { report, affected } = await runCheck(fixture, { readDataPercent: 100, dryRun: true })
        const truth = await readAll()
        const context = `${objectPath(object.name)} at ${at}`
        expect(isDamaged(report), context).toBe(true)
        expect(new Set(affected), context).toEqual(truth.unreadable)
        expectNoWrongBytes(truth, context)
        if (truth.unreadable.size > 0) frames++
        fixture.driver.heal()
      }
    }
    expect(frames).toBeGreaterThan(FRAMES_MAX)
  })

  test('in any object is noticed without a key', async () => {
    await prepare()
    for (const object of objects) {
      const bytes = await fixture.driver.inner.get(object.name)
      const at = below(bytes.byteLength)
      fixture.driver.replace(object.name, bytes.with(at, bytes[at]! ^ 1))
      const found: unknown[] = []
      const report = await checkObjects({
        driver: fixture.driver,
        workers: sharedPool(),
        events: { finding: ({ problem: { context, hint } }) => found.push(context['object'], hint) },
        signal: new AbortController().signal,
      })
      // Packs are read for what is affected; of other objects the structure says it.
      const next = object.name.kind === 'packs' ? 'check --read-data`' : 'check`'
      expect(found).toEqual([objectPath(object.name), expect.stringContaining(next)])
      expect(report).toMatchObject({ damage: 1, objects: objects.length - 1 })
      fixture.driver.heal()
    }
  })
})

describe.each(['deleted', 'truncated'] as const)(`every object %s (seed ${SEED})`, (how) => {
  test('is noticed, and names exactly the files that cannot be read', async () => {
    await prepare()
    for (const { name, bytes } of objects) {
      if (how === 'deleted') fixture.driver.hide(name)
      else await fixture.driver.truncate(name, below(bytes))
      const { report, affected } = await runCheck(fixture, { readDataPercent: 100, dryRun: true })
      const context = objectPath(name)
      expect(isDamaged(report), context).toBe(how === 'truncated' || !UNMISSED.includes(name.kind))
      if (!UNOPENABLE.includes(name.kind)) {
        const truth = await readAll()
        expect(new Set(affected), context).toEqual(truth.unreadable)
        expectNoWrongBytes(truth, context)
      }
      fixture.driver.heal()
    }
  })
})

test('what is no file, in place of an object of any kind, is as if that had been deleted', async () => {
  const store = await openLocalDriver({ root: temporaryMemoryFolder() })
  await prepare(store)
  const firstOfKinds = objects.filter(({ name: { kind } }, i) => objects[i - 1]?.name.kind !== kind)
  for (const [i, { name }] of [...firstOfKinds, ...of(['packs'])].entries()) {
    const path = store.localFile(name)
    renameSync(path, `${path}.aside`)
    const [what, put] = STRANGE_THINGS[i % STRANGE_THINGS.length]!
    await put(path)
    const { report, affected } = await runCheck(fixture, { readDataPercent: 100, dryRun: true })
    const context = `${what} for ${objectPath(name)}`
    expect(isDamaged(report), context).toBe(!UNMISSED.includes(name.kind))
    if (!UNOPENABLE.includes(name.kind)) {
      const truth = await readAll()
      expect(new Set(affected), context).toEqual(truth.unreadable)
      expectNoWrongBytes(truth, context)
    }
    rmSync(path, { recursive: true })
    renameSync(`${path}.aside`, path)
  }
})

test('of a pack that was cut off, exactly the files behind the cut are named, by its size alone or with its data read', async () => {
  fixture = await EngineFixture.create()
  // Of whole files, two to a frame.
  for (let i = 0; i < FILES_CUT; i++) writeFileSync(fixture.path(`file-${i}`), patternBytes(400_000, i))
  await fixture.backup()
  whole = await readAll()
  const index = await fixture.repository.index()
  const numbers = new Set<number>()
  for (let row = 0; row < index.packs.size; row++) {
    const { id, kind, bytes, firstFrame = 0, frames = 0 } = index.packs.row(row)
    const ends = Array.from({ length: frames }, (_, i) => index.blobs.frames.get(firstFrame + i))
    const cuts = ends.flatMap(({ offset, storedBytes }) => [offset + storedBytes - 1, offset + storedBytes])
    for (const cut of [0, ...cuts, bytes - 1]) {
      await fixture.driver.truncate({ kind: 'packs', id }, cut)
      const context = `${kind} pack cut at ${cut} of ${bytes}`
      const truth = await readAll()
      // The second one goes by what the first said of it, too.
      for (const readDataPercent of [100, 0]) {
        const { report, affected } = await runCheck(fixture, { readDataPercent })
        expect(report.damage, context).toBe(1)
        expect(new Set(affected), context).toEqual(truth.unreadable)
      }
      expectNoWrongBytes(truth, context)
      numbers.add(truth.unreadable.size)
      fixture.driver.heal()
    }
  }
  // All, none, and much in between.
  expect(numbers.size).toBeGreaterThan(FILES_CUT / 2)
})

test('of a pack whose end was overwritten, footer and all, exactly the files there are named, also by the check after', async () => {
  fixture = await EngineFixture.create()
  for (let i = 0; i < FILES_CUT; i++) writeFileSync(fixture.path(`file-${i}`), patternBytes(400_000, i))
  await fixture.backup()
  whole = await readAll()
  const index = await fixture.repository.index()
  const rows = Array.from({ length: index.packs.size }, (_, row) => index.packs.row(row))
  const { id, firstFrame = 0, frames = 0 } = rows.find(({ kind }) => kind === 'data')!
  const { offset } = index.blobs.frames.get(firstFrame + Math.floor(frames / 2))
  const name = { kind: 'packs', id } as const
  fixture.driver.replace(name, (await fixture.driver.get(name)).fill(0, offset + 10))
  const truth = await readAll()
  expect([truth.unreadable.size > 0, truth.hashes.size > 0]).toEqual([true, true])
  const first = await runCheck(fixture, { readDataPercent: 100 })
  expect(new Set(first.affected)).toEqual(truth.unreadable)
  expect(first.report.blobsCalledLost).toBeGreaterThan(0)
  expect(new Set((await runCheck(fixture)).affected)).toEqual(truth.unreadable)
  expect((await fixture.backup()).healed.blobs).toBe(first.report.blobsCalledLost)
  expect((await runCheck(fixture)).affected).toEqual([])
})
