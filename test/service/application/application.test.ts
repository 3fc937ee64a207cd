import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import type { PreviewItem, RepositoryData, RestoreRequest } from '../../../src/service/application/shown.ts'
import { treeBytes } from '../../bench/tree-files.ts'
import {
  type ApplicationPlace,
  ended,
  openTestApplication,
  secretOf,
  typed,
} from '../../support/application-fixture.ts'
import { diskTree } from '../../support/disk.ts'

const HOSTILE = 'clear\u001b[2Jme\u202egnp.txt'
const signal = new AbortController().signal

let folder: string
let source: string
let place: ApplicationPlace
let recoveryCode: string | undefined
let points: readonly string[]

/** One repository with two points serves all tests that change nothing of it. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-application-'))
  source = join(folder, 'source')
  mkdirSync(join(source, 'docs', 'old'), { recursive: true })
  mkdirSync(join(source, 'pics'))
  writeFileSync(join(source, 'docs', 'a.txt'), 'first a')
  writeFileSync(join(source, 'docs', 'b.txt'), 'b')
  writeFileSync(join(source, 'docs', 'old', 'c.txt'), 'c')
  writeFileSync(join(source, 'pics', 'x.png'), Buffer.alloc(100_000, 'pixels'))
  writeFileSync(join(source, HOSTILE), 'hostile')
  writeFileSync(Buffer.concat([Buffer.from(`${source}/latin-`), Buffer.from([0xe9])]), 'bytes')
  symlinkSync('docs/a.txt', join(source, 'link'))
  place = await openTestApplication(join(folder, 'own'))
  const { application } = place
  const form = { name: 'home', url: join(folder, 'repository'), create: true }
  recoveryCode = (await application.addRepository(form, typed('correct horse'), signal)).recoveryCode
  await ended(application, await application.backup('home', [source]))
  // Whoever has looked at the points has an index, which does not know what comes next.
  await application.points('home')
  writeFileSync(join(source, 'docs', 'a.txt'), 'second a')
  rmSync(join(source, 'docs', 'b.txt'))
  await ended(application, await application.backup('home', [source]))
  points = (await application.points('home')).map(({ id }) => id)
})

afterAll(async () => {
  await place.application[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const [first, second] = [(): string => points[0] ?? '', (): string => points[1] ?? '']

test('a new repository is in the configuration, open, and gives its recovery code once', async () => {
  const { application } = place
  expect(recoveryCode).toMatch(/^[0-9A-Z-]{20,}$/)
  expect(readFileSync(join(folder, 'own', 'config.yaml'), 'utf8')).not.toContain('correct horse')
  expect(await application.repositories()).toEqual([
    {
      ...{ name: 'home', url: join(folder, 'repository'), driver: 'local', isDefault: true, sharesDisk: true },
      state: { kind: 'open', pointCount: 2 },
    },
  ])
  const again = { name: 'home', url: join(folder, 'elsewhere'), create: true }
  await expect(application.addRepository(again, typed('x'), signal)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  expect(existsSync(join(folder, 'elsewhere'))).toBe(false)
})

test('points are told with sources, sizes and parents, and the past of the repository with them', async () => {
  const { application } = place
  const [older, newer] = await application.points('home')
  expect(older).toMatchObject({ type: 'full', files: 6, instanceName: 'me', sources: [source], parents: [] })
  expect(newer).toMatchObject({ type: 'incremental', filesChanged: 1, filesRemoved: 1, parents: [first()] })
  const [before, after] = await application.sizes('home')
  expect(after?.bytesRaw).toBe((older?.bytes ?? 0) + (newer?.bytes ?? 0))
  expect(after?.bytesStored).toBeGreaterThan(before?.bytesStored ?? Infinity)
  expect(after?.bytesStored).toBe(treeBytes(join(folder, 'repository', 'packs')))
  expect((await application.slots('home')).map(({ kind, label }) => [kind, label]).sort()).toEqual([
    ['password', 'password'],
    ['recovery-code', undefined],
  ])
})

test('a point that another process made after this one had looked tells its sources and is opened', async () => {
  const { application } = place
  expect((await application.points('home')).map(({ sources }) => sources)).toEqual([[source], [source]])
  const entry = await application.lookup('home', second(), `${source}/docs/a.txt`)
  expect(entry?.bytes).toBe('second a'.length)
})

test('folders are listed and entries found with names that no terminal executes', async () => {
  const { application } = place
  const entries = await application.entries('home', second(), source, signal)
  const names = entries.map(({ name }) => name)
  expect(names).toEqual(['clear\\x1b[2Jme\\u202egnp.txt', 'docs', 'latin-\\xe9', 'link', 'pics'])
  expect(entries.find(({ name }) => name === 'link')).toMatchObject({ kind: 'symlink', target: 'docs/a.txt' })
  const latin = entries.find(({ name }) => name === 'latin-\\xe9')
  const bytes = await application.content('home', second(), latin?.path ?? '', { offset: 0, length: 10 }, signal)
  expect(Buffer.from(bytes).toString()).toBe('bytes')
  expect(await application.lookup('home', second(), `${source}/latin-\\xe9`)).toEqual(latin)
  expect(await application.lookup('home', second(), `${source}/nothing`)).toBeUndefined()
  for (const pattern of ['*.TXT', 'txt']) {
    const found = await application.find('home', second(), pattern, signal)
    expect(found.map(({ name }) => name)).toEqual(['clear\\x1b[2Jme\\u202egnp.txt', 'a.txt', 'c.txt'])
    // Owners by their names, as in the folder.
    expect(found[0]).toEqual(entries[0])
  }
  await expect(application.entries('home', second(), 'no/path', signal)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  await expect(application.entries('home', 'no point', '/', signal)).rejects.toMatchObject({ code: 'UNKNOWN_POINT' })
  await expect(application.entries('home', second(), '/nowhere', signal)).rejects.toMatchObject({
    code: 'UNKNOWN_PATH',
  })
})

test('a repository on the disk of its source is told of by whoever has lost all else, and made no point yet', async () => {
  const { application } = await openTestApplication(join(folder, 'fresh'))
  await using fresh = application
  await fresh.addRepository(
    { name: 'home', url: join(folder, 'repository'), create: false },
    typed('correct horse'),
    signal,
  )
  expect(await fresh.points('home')).toHaveLength(2)
  expect((await fresh.repositories()).map(({ sharesDisk }) => sharesDisk)).toEqual([true])
})

test('health tells of a repository on the disk of its source before anybody looked at points, and again as time goes', async () => {
  const tasks = new Set<() => void>()
  const every = (_: number, task: () => void): (() => void) => {
    tasks.add(task)
    return () => void tasks.delete(task)
  }
  const options = { givenSecret: secretOf('correct horse'), scheduler: { every } }
  const other = await openTestApplication(join(folder, 'own'), options)
  {
    await using application = other.application
    expect((await application.repositories()).map(({ sharesDisk }) => sharesDisk)).toEqual([undefined])
    await expect.poll(async () => (await application.repositories())[0]?.state.kind).toBe('open')
    other.told.length = 0
    const { color, others, fix } = await application.health()
    expect([color, fix, others.map((each) => each.fix)]).toEqual(['amber', 'check', ['drivers']])
    expect((await application.repositories()).map(({ sharesDisk }) => sharesDisk)).toEqual([true])
    // Whoever heard that it was not known asks again.
    expect(other.told).toEqual(expect.arrayContaining(['repositories', 'health']))
    await application.health()
    other.told.length = 0
    for (const task of tasks) task()
    expect(other.told).toEqual(['health'])
  }
  expect(tasks.size).toBe(0)
})

test('content is given from where it is asked for, and no further than the file goes', async () => {
  const { application } = place
  const read = async (offset: number, length: number): Promise<string> => {
    const range = { offset, length }
    return Buffer.from(await application.content('home', first(), `${source}/docs/a.txt`, range, signal)).toString()
  }
  expect(await read(0, 100)).toBe('first a')
  expect(await read(6, 1)).toBe('a')
  expect(await read(7, 5)).toBe('')
  expect(await read(-5, 5)).toBe('first')
})

test('versions of a file and what differs between two points are told', async () => {
  const { application } = place
  const versions = await application.history('home', second(), `${source}/docs/a.txt`, signal)
  expect(versions.map(({ entry, points: having }) => [entry.bytes, having.map(({ id }) => id)])).toEqual([
    [7, [first()]],
    [8, [second()]],
  ])
  const differences = await application.diff('home', first(), second(), signal)
  const changed = differences.filter(({ kind }) => kind !== 'metadata')
  expect(changed.map(({ kind, shownPath }) => `${kind} ${shownPath.slice(source.length)}`)).toEqual([
    'content /docs/a.txt',
    'removed /docs/b.txt',
  ])
})

async function preview(request: RestoreRequest): Promise<PreviewItem[]> {
  const items: PreviewItem[] = []
  for await (const item of place.application.preview(request, signal)) items.push(item)
  return items
}

test('a restore of several selections does, byte by byte, what its preview said, and undo takes it back', async () => {
  const { application } = place
  const target = join(folder, 'target')
  mkdirSync(join(target, 'docs'), { recursive: true })
  writeFileSync(join(target, 'docs', 'a.txt'), 'mine')
  writeFileSync(join(target, 'docs', 'stranger'), 'not in the point')
  const before = diskTree(target)
  const request: RestoreRequest = {
    ...{ repository: 'home', point: first(), target, deleteOthers: true },
    selections: [
      { path: `${source}/docs`, overwrite: 'always' },
      { path: `${source}/pics/x.png`, overwrite: 'never' },
    ],
    without: [`${source}/docs/old`],
  }
  const items = await preview(request)
  expect(diskTree(target)).toEqual(before)
  const said = new Map(
    items.map(({ action, path, shownPath }) => [path.slice(source.length), [action, shownPath.slice(target.length)]]),
  )
  expect(Object.fromEntries(said)).toEqual({
    '/docs': ['overwrite', '/docs'],
    '/docs/a.txt': ['overwrite', '/docs/a.txt'],
    '/docs/b.txt': ['create', '/docs/b.txt'],
    '/docs/stranger': ['delete', '/docs/stranger'],
    '/pics': ['create', '/pics'],
    '/pics/x.png': ['create', '/pics/x.png'],
  })
  const overwritten = items.find(({ action, kind }) => action === 'overwrite' && kind === 'file')
  expect(overwritten?.before).toMatchObject({ bytes: 4, kind: 'file' })
  expect(overwritten?.after).toMatchObject({ bytes: 7, owner: overwritten?.before?.owner })

  const job = await ended(application, await application.restore(request))
  expect(job).toMatchObject({ kind: 'restore', repository: 'home' })
  expect(job.outcome).toMatch(/3 files verified/)
  expect(readFileSync(join(target, 'docs', 'a.txt'), 'utf8')).toBe('first a')
  expect(readFileSync(join(target, 'docs', 'b.txt'), 'utf8')).toBe('b')
  expect(readFileSync(join(target, 'pics', 'x.png'))).toEqual(Buffer.alloc(100_000, 'pixels'))
  expect(existsSync(join(target, 'docs', 'old'))).toBe(false)
  expect(existsSync(join(target, 'docs', 'stranger'))).toBe(false)
  // Once more, nothing is left to do.
  expect(
    (
      await preview({
        ...request,
        selections: request.selections.map((each) => ({ ...each, overwrite: 'if-changed' })),
      })
    ).map(({ action }) => action),
  ).toEqual(expect.not.arrayContaining(['create', 'overwrite', 'delete']))

  const undo = await application.undoable('home', job.id)
  expect(undo).toMatchObject({ restored: first(), target: expect.stringContaining(target) as string })
  expect(await application.undoable('home', undefined)).toEqual(undo)
  const takenBack: string[] = []
  for await (const { action, shownPath } of application.previewUndo('home', undo.id, signal)) {
    takenBack.push(`${action} ${shownPath.slice(target.length)}`)
  }
  expect(takenBack.filter((line) => !line.startsWith('unchanged'))).toEqual([
    'overwrite ',
    'overwrite /docs',
    'overwrite /docs/a.txt',
    'delete /docs/b.txt',
    'create /docs/stranger',
    'delete /pics',
    'delete /pics/x.png',
  ])
  expect((await application.points('home')).map(({ isUndo }) => isUndo)).toEqual([false, false, true])
  await ended(application, await application.undo('home', undo.id))
  expect(readFileSync(join(target, 'docs', 'a.txt'), 'utf8')).toBe('mine')
  expect(readFileSync(join(target, 'docs', 'stranger'), 'utf8')).toBe('not in the point')
  expect(existsSync(join(target, 'docs', 'b.txt'))).toBe(false)

  // A later restore into the same folder is undone from a point of which only the trees are new.
  writeFileSync(join(target, 'docs', 'a.txt'), 'changed since')
  const again = await ended(application, await application.restore(request))
  const { id } = await application.undoable('home', again.id)
  const actions: string[] = []
  for await (const { action, shownPath } of application.previewUndo('home', id, signal))
    actions.push(`${action} ${shownPath}`)
  expect(actions).toContain(`overwrite ${join(target, 'docs', 'a.txt')}`)
})

test('a preview tells what a restore would fail on, and why', async () => {
  const [path, target] = [`${source}/docs`, join(folder, 'blocked')]
  mkdirSync(join(target, 'docs', 'a.txt', 'mine'), { recursive: true })
  const wanted = { target, deleteOthers: false, selections: [{ path, overwrite: 'always' as const }], without: [] }
  const items = await preview({ repository: 'home', point: first(), ...wanted })
  const [failing, ...others] = items.filter(({ action }) => action === 'fail')
  expect([failing?.path, failing?.shownPath]).toEqual([`${path}/a.txt`, join(target, 'docs', 'a.txt')])
  expect([failing?.problem, others]).toEqual([expect.stringContaining('not empty stands in its place'), []])
})

test('what cannot be restored is refused before anything is asked of the disk', async () => {
  const request: RestoreRequest = {
    ...{ repository: 'home', point: first(), target: join(folder, 'repository', 'inside'), deleteOthers: false },
    selections: [{ path: `${source}/docs`, overwrite: 'never' }],
    without: [],
  }
  await expect(preview(request)).rejects.toMatchObject({ code: 'TARGET_UNSAFE' })
  const nothing = { ...request, target: join(folder, 'fresh'), selections: [] }
  await expect(place.application.restore(nothing)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

test('a check makes the health better, and a failed job is told with its log', async () => {
  const { application } = place
  expect(await application.health()).toMatchObject({ color: 'amber' })
  await ended(application, await application.check('home', 100))
  const { message } = await application.health()
  expect(message).toMatch(/copy elsewhere is missing$/)
  const job = await application.backup('home', [join(folder, 'nowhere')])
  await expect(ended(application, job)).rejects.toThrow(/errored/)
  const failed = (await application.jobs()).find(({ id }) => id === job)
  expect(failed).toMatchObject({ state: 'errored', kind: 'backup', attempt: 1 })
  expect((await application.jobLog(job, undefined)).lines.join('\n')).toContain('nowhere')
  expect(await application.health()).toMatchObject({ color: 'red', fix: 'jobs' })
})

test('no secret lies in any file of this installation', () => {
  const { status, stdout } = spawnSync('grep', ['-rlaF', 'correct horse', join(folder, 'own')], { encoding: 'utf8' })
  expect([status, stdout]).toEqual([1, ''])
})

test('a mount is given the secret, folders and room are told, and a store proves itself step by step', async () => {
  const { application, mounts } = place
  await application.mount('home', undefined, join(folder, 'mnt'))
  expect(mounts.mounted).toEqual([{ repository: 'home', directory: join(folder, 'mnt'), password: 'correct horse' }])
  expect(await application.folders(source)).toEqual(['docs', 'pics'])
  await expect(application.folders(join(folder, 'none'))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' })
  const paths = [source, join(source, 'docs'), join(folder, 'none'), join(folder, 'none/x'), '/etc/hostname/x', '/\0']
  expect(await application.placesAt(paths)).toMatchObject([
    { kind: 'folder', isHeld: true },
    { kind: 'folder', isHeld: true, upTo: source },
    { kind: 'nothing', isHeld: true, upTo: folder },
    { kind: 'nothing', isHeld: false, upTo: folder },
    { kind: 'nothing', isHeld: false },
    { kind: 'unknown' },
  ])
  expect(await application.freeBytes(join(folder, 'not', 'yet', 'there'))).toBeGreaterThan(0)
  expect(await application.freeBytes(undefined, `${source}/docs/gone`)).toBeGreaterThan(0)
  const answers: string[] = []
  for await (const { name, state } of application.testDriver(join(folder, 'repository'), signal))
    answers.push(`${state} ${name}`)
  expect(answers).toContain('good lets one of two racing puts win')
  const [tested] = await application.repositories()
  expect(tested?.lastTest).toEqual({ atMs: expect.any(Number) as number, isSafe: true })
  expect(answers.length).toBeGreaterThanOrEqual(12)
})

test('wrong secrets leave a repository locked, the recovery code opens it, and locking forgets', async () => {
  const other = await openTestApplication(join(folder, 'other'), { givenSecret: secretOf('not this') })
  await using application = other.application
  const form = { name: 'mine', url: join(folder, 'repository'), create: false }
  await expect(application.addRepository(form, typed('wrong'), signal)).rejects.toMatchObject({
    code: 'WRONG_PASSWORD',
  })
  expect(existsSync(join(folder, 'other', 'config.yaml'))).toBe(false)
  writeFileSync(
    join(folder, 'other', 'config.yaml'),
    `repositories:\n  mine:\n    url: ${join(folder, 'repository')}\n`,
  )
  // What the environment says is tried once.
  await expect(application.points('mine')).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  await expect(application.points('mine')).rejects.toMatchObject({ code: 'WRONG_KEY' })
  expect((await application.repositories())[0]?.state).toEqual({ kind: 'locked' })
  await expect(application.unlock('mine', typed('wrong'))).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  const mistyped = { kind: 'recovery-code', bytes: new Uint8Array(Buffer.from('ABCD')) } as const
  await expect(application.unlock('mine', mistyped)).rejects.toMatchObject({ code: 'BAD_RECOVERY_CODE' })
  const code = new Uint8Array(Buffer.from(recoveryCode ?? ''))
  await application.unlock('mine', { kind: 'recovery-code', bytes: code })
  expect(code.every((byte) => byte === 0)).toBe(true)
  expect((await application.points('mine')).length).toBeGreaterThanOrEqual(2)
  await application.lock()
  await expect(application.points('mine')).rejects.toMatchObject({ code: 'WRONG_KEY' })
})

test('a repository that is gone is told with since when, tried again later and later, and comes back by itself', async () => {
  const other = await openTestApplication(join(folder, 'far'), { givenSecret: secretOf('correct horse') })
  await using application = other.application
  const { timers } = other
  const away = join(folder, 'away')
  writeFileSync(join(folder, 'far', 'config.yaml'), `repositories:\n  far:\n    url: ${join(folder, 'repository')}\n`)
  expect((await application.points('far')).length).toBeGreaterThanOrEqual(2)
  renameSync(join(folder, 'repository'), away)
  try {
    await expect(application.points('far')).rejects.toMatchObject({ name: 'StorageError' })
    const [gone] = await application.repositories()
    expect(gone?.state).toMatchObject({ kind: 'unreachable', message: expect.stringContaining('repository') as string })
    expect(await application.health()).toMatchObject({ color: 'amber', fix: 'drivers' })
    const waits = [timers.fire()]
    for (let i = 0; i < 2; i++) {
      await expect.poll(() => timers.waiting.length).toBe(1)
      waits.push(timers.fire())
    }
    await expect.poll(() => timers.waiting.length).toBe(1)
    expect(waits).toEqual([5000, 10_000, 20_000])
    const [still] = await application.repositories()
    expect(still?.state).toMatchObject({ kind: 'unreachable', sinceMs: sinceOf(gone) })
  } finally {
    renameSync(away, join(folder, 'repository'))
  }
  timers.fire()
  await expect.poll(async () => (await application.repositories())[0]?.state.kind).toBe('open')
  expect(other.told).toContain('repositories')
})

function sinceOf(repository: RepositoryData | undefined): number | undefined {
  return repository?.state.kind === 'unreachable' ? repository.state.sinceMs : undefined
}

test('a configuration with a mistake is told, and a repository taken out of it is known no more', async () => {
  const other = await openTestApplication(join(folder, 'third'))
  await using application = other.application
  const config = join(folder, 'third', 'config.yaml')
  writeFileSync(config, 'repositories:\n  a:\n    ulr: /x\n')
  await expect(application.repositories()).rejects.toMatchObject({ code: 'BAD_CONFIGURATION' })
  writeFileSync(config, `repositories:\n  a:\n    url: ${join(folder, 'repository')}\n`)
  expect((await application.repositories()).map(({ name }) => name)).toEqual(['a'])
  await application.removeRepository('a')
  await expect(application.points('a')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

test('the history of a file knows nothing of another machine that has one at the same path', async () => {
  const other = await openTestApplication(join(folder, 'another machine'))
  await using application = other.application
  const form = { name: 'same', url: join(folder, 'repository'), create: false }
  await application.addRepository(form, typed('correct horse'), signal)
  writeFileSync(join(source, 'docs', 'a.txt'), 'of another machine')
  await ended(application, await application.backup('same', [source]))
  const theirs = (await application.points('same')).at(-1)?.id ?? ''
  const bytesOf = async (point: string): Promise<readonly number[]> => {
    const versions = await application.history('same', point, `${source}/docs/a.txt`, signal)
    return versions.map(({ entry }) => entry.bytes)
  }
  expect(await bytesOf(theirs)).toEqual([18])
  expect(await bytesOf(second())).toEqual([7, 8])
})
