import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { type ByteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { StorageError } from '../../../src/base/errors.ts'
import { forget } from '../../../src/engine/forget/forget.ts'
import { openPointView } from '../../../src/engine/point-view.ts'
import { planRestore } from '../../../src/engine/restore/plan-restore.ts'
import { restore } from '../../../src/engine/restore/restore.ts'
import type { RestoreItem, RestoreOptions } from '../../../src/engine/restore-types.ts'
import { effectsOf, overwrites } from '../../../src/engine/undo/restore-effects.ts'
import { lastUndoPoint, openUndo, planUndo, undoRestore, type UndoSummary } from '../../../src/engine/undo/undo.ts'
import { commitUndoPoint } from '../../../src/engine/undo/undo-point.ts'
import type { PointInfo } from '../../../src/repository/point-info.ts'
import { resolvePoint } from '../../../src/repository/resolve-point.ts'
import { careContext } from '../../support/care-fixture.ts'
import { EngineFixture, closeSharedPool, sharedPool } from '../../support/engine-fixture.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { diskLines } from '../../support/point-content.ts'

afterAll(closeSharedPool)

const { signal } = new AbortController()

/** A point of a small tree, which was then changed in every way. */
async function changed(): Promise<EngineFixture> {
  const f = await EngineFixture.create()
  mkdirSync(f.path('kept/below'), { recursive: true })
  mkdirSync(f.path('removed'))
  writeFileSync(f.path('kept', 'same'), 'same')
  writeFileSync(f.path('kept', 'edited'), 'as in the point')
  writeFileSync(f.path('kept/below', 'big'), patternBytes(3_000_000, 1))
  writeFileSync(f.path('removed', 'one'), 'one')
  symlinkSync('point', f.path('link'))
  writeFileSync(f.path('becomes-folder'), 'a file in the point')
  await f.backup()
  writeFileSync(f.path('kept', 'edited'), 'edited since')
  chmodSync(f.path('kept', 'edited'), 0o600)
  writeFileSync(f.path('kept/below', 'big'), patternBytes(3_000_000, 2))
  rmSync(f.path('removed'), { recursive: true })
  rmSync(f.path('link'))
  symlinkSync('elsewhere', f.path('link'))
  rmSync(f.path('becomes-folder'))
  mkdirSync(f.path('becomes-folder/deep'), { recursive: true })
  writeFileSync(f.path('becomes-folder/deep', 'file'), 'in the way')
  mkdirSync(f.path('new/empty'), { recursive: true })
  writeFileSync(f.path('new', 'work'), 'of a whole day')
  chmodSync(f.path('kept/below'), 0o711)
  utimesSync(f.path('kept'), 1_600_000_000, 1_600_000_000)
  return f
}

function optionsFor(f: EngineFixture, more: Partial<RestoreOptions> = {}): RestoreOptions {
  const path = byteStringOf(f.source)
  const patterns = { include: [], exclude: [] }
  return { target: undefined, path, ...patterns, overwrite: 'if-changed', delete: true, verify: false, ...more }
}

async function viewOf(f: EngineFixture, { record }: PointInfo): ReturnType<EngineFixture['view']> {
  return openPointView(await f.repository.blobs(), record.parts)
}

async function firstPoint(f: EngineFixture): Promise<PointInfo> {
  const { points } = await f.repository.chain({ reload: true })
  return points.find(({ record }) => record.undo === undefined)!
}

/** Makes the point before a restore of the first point; `undefined` when it would change nothing. */
async function keep(f: EngineFixture, options: RestoreOptions): Promise<string | undefined> {
  const { repository } = f
  const point = await firstPoint(f)
  const effects = await effectsOf(planRestore({ view: await viewOf(f, point), repository, options }))
  if (!overwrites(effects) && effects.created.length === 0) return undefined
  const request = { restored: point.record.point, target: options.target ?? options.path, effects }
  return commitUndoPoint(careContext(f), request, signal)
}

/** Restores the first point as the command does. */
async function restoreFirst(f: EngineFixture, more: Partial<RestoreOptions> = {}): Promise<string | undefined> {
  const options = optionsFor(f, more)
  const kept = await keep(f, options)
  const view = await viewOf(f, await firstPoint(f))
  const summary = await restore({ view, repository: f.repository, workers: sharedPool(), options })
  expect(summary.failures).toEqual([])
  return kept
}

async function undo(f: EngineFixture): Promise<UndoSummary> {
  await f.repository.chain({ reload: true })
  const opened = await openUndo(f.repository, await lastUndoPoint(f.repository))
  return undoRestore(careContext(f), { undo: opened, keepsUndo: true }, {}, signal)
}

/** What is on disk, with modes and times. */
function disk(f: EngineFixture): readonly string[] {
  return diskLines(f.source)
}

describe('undo', () => {
  test('puts back what a restore overwrote and deleted, and takes away what it created', async () => {
    const f = await changed()
    const before = disk(f)
    await restoreFirst(f)
    expect(disk(f)).not.toEqual(before)
    expect(readFileSync(f.path('becomes-folder'), 'utf8')).toBe('a file in the point')
    const { failures, actions } = await undo(f)
    expect(failures).toEqual([])
    expect(actions.delete.entries).toBe(2)
    expect(disk(f)).toEqual(before)
  })

  test('is itself undone, and that again', async () => {
    const f = await changed()
    const before = disk(f)
    await restoreFirst(f)
    const restored = disk(f)
    await undo(f)
    expect(disk(f)).toEqual(before)
    await undo(f)
    expect(disk(f)).toEqual(restored)
    await undo(f)
    expect(disk(f)).toEqual(before)
  })

  test('leaves what somebody changed since the restore, and the folder that it is in', async () => {
    const f = await changed()
    await restoreFirst(f)
    writeFileSync(f.path('removed', 'one'), 'written since')
    const { actions } = await undo(f)
    expect(actions.keep.entries).toBe(2)
    expect(readFileSync(f.path('removed', 'one'), 'utf8')).toBe('written since')
    expect(readFileSync(f.path('kept', 'edited'), 'utf8')).toBe('edited since')
  })

  test('follows no link that took the place of a folder', async () => {
    const f = await changed()
    await restoreFirst(f)
    const outside = `${f.folder}/outside`
    mkdirSync(outside)
    writeFileSync(`${outside}/one`, 'one')
    const { mtime } = lstatSync(f.path('removed', 'one'))
    utimesSync(`${outside}/one`, mtime, mtime)
    rmSync(f.path('removed'), { recursive: true })
    symlinkSync(outside, f.path('removed'))
    await undo(f)
    expect(readFileSync(`${outside}/one`, 'utf8')).toBe('one')
  })

  test('after an interrupted restore takes back what that did', async () => {
    const f = await changed()
    const before = disk(f)
    const options = optionsFor(f)
    await keep(f, options)
    const view = await viewOf(f, await firstPoint(f))
    const abort = new AbortController()
    const events = { progress: () => abort.abort(new Error('stopped')) }
    const interrupted = restore({
      view,
      repository: f.repository,
      workers: sharedPool(),
      options,
      events,
      signal: abort.signal,
    })
    await expect(interrupted).rejects.toThrow('stopped')
    await undo(f)
    expect(disk(f)).toEqual(before)
  })

  test('previews what it does, and changes nothing by that', async () => {
    const f = await changed()
    await restoreFirst(f)
    const restored = disk(f)
    await f.repository.chain({ reload: true })
    const opened = await openUndo(f.repository, await lastUndoPoint(f.repository))
    const items: RestoreItem[] = []
    for await (const item of planUndo(f.repository, opened, { signal })) items.push(item)
    const lines = items.map(({ action, path }) => `${action} ${path.slice(f.source.length)}`)
    expect(lines).toContain('delete /removed/one')
    expect(lines).toContain('delete /removed')
    expect(lines).toContain('overwrite /kept/edited')
    expect(lines).toContain('create /new/work')
    expect(disk(f)).toEqual(restored)
  })

  test('previews that a file comes back where a folder was that only the restore filled', async () => {
    const f = await EngineFixture.create()
    mkdirSync(f.path('d'))
    writeFileSync(f.path('d/inside'), 'restored')
    await f.backup()
    rmSync(f.path('d'), { recursive: true })
    writeFileSync(f.path('d'), 'a file by now')
    const before = disk(f)
    await restoreFirst(f)
    await f.repository.chain({ reload: true })
    const opened = await openUndo(f.repository, await lastUndoPoint(f.repository))
    const items: RestoreItem[] = []
    const failed: ByteString[] = []
    const onFailure = (path: ByteString): void => void failed.push(path)
    for await (const item of planUndo(f.repository, opened, { signal, onFailure })) items.push(item)
    const lines = items.map(({ action, kind, path }) => `${action} ${kind} ${path.slice(f.source.length)}`)
    expect(lines.slice(0, 1)).toEqual(['delete file /d/inside'])
    expect(lines).toContain('overwrite file /d')
    expect(failed).toEqual([])
    await undo(f)
    expect(disk(f)).toEqual(before)
  })

  test('says so when there is nothing to undo, and of which point', async () => {
    const f = await changed()
    await expect(lastUndoPoint(f.repository)).rejects.toMatchObject({ code: 'UNKNOWN_POINT' })
    await expect(openUndo(f.repository, await firstPoint(f))).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })
})

describe('the point before a restore', () => {
  test('holds what is overwritten or deleted and nothing else', async () => {
    const f = await changed()
    await restoreFirst(f)
    await f.repository.chain({ reload: true })
    const point = await lastUndoPoint(f.repository)
    expect(point.tags).toEqual(['undo'])
    const view = await viewOf(f, point)
    const paths: string[] = []
    for await (const { path } of view.walk(byteStringOf('/'), view.root)) {
      if (path.startsWith(`${f.source}/`)) paths.push(path.slice(f.source.length + 1))
    }
    expect(paths.sort()).toEqual(
      [
        'becomes-folder',
        'becomes-folder/deep',
        'becomes-folder/deep/file',
        'kept',
        'kept/below',
        'kept/below/big',
        'kept/edited',
        'link',
        'new',
        'new/empty',
        'new/work',
      ].sort(),
    )
  })

  test('that only creates holds no file, and undo takes away what came, beside what was there', async () => {
    const f = await changed()
    const elsewhere = `${f.folder}/elsewhere`
    mkdirSync(elsewhere)
    writeFileSync(`${elsewhere}/mine`, 'was there before')
    const before = diskLines(elsewhere)
    await restoreFirst(f, { target: byteStringOf(elsewhere), overwrite: 'never', delete: false })
    expect(readFileSync(`${elsewhere}/removed/one`, 'utf8')).toBe('one')
    await f.repository.chain({ reload: true })
    expect((await lastUndoPoint(f.repository)).record.counts.files).toBe(1)
    const { actions, failures } = await undo(f)
    expect(failures).toEqual([])
    expect(actions.delete.entries).toBeGreaterThan(5)
    expect(diskLines(elsewhere)).toEqual(before)
  })

  test('is not made when nothing changes', async () => {
    const f = await changed()
    await restoreFirst(f)
    expect(await keep(f, optionsFor(f))).toBeUndefined()
  })

  test('is never the latest, nor the parent of a backup', async () => {
    const f = await changed()
    await restoreFirst(f)
    const first = await firstPoint(f)
    expect(resolvePoint(await f.repository.chain(), 'latest').record.point).toBe(first.record.point)
    expect((await f.backup()).parent).toBe(first.record.point)
  })

  test('that cannot be made stops the restore', async () => {
    const f = await changed()
    const before = disk(f)
    f.driver.fail({
      method: 'put',
      kind: 'packs',
      when: 'before',
      lasting: true,
      error: new StorageError('STORE_FULL', 'it is full'),
    })
    await expect(restoreFirst(f)).rejects.toMatchObject({ code: 'UNDO_FAILED' })
    expect(disk(f)).toEqual(before)
  })

  test('is kept for 30 days, whatever the policy, and then not even as the last of its chain', async () => {
    const f = await changed()
    await restoreFirst(f)
    const request = { policy: { last: 1 }, timeZone: 'UTC', allInstances: false }
    const judged = async (days: number): Promise<readonly (readonly string[])[]> => {
      const clock = { ...f.clock, nowMs: () => Date.now() + days * 86_400_000 }
      const options = { dryRun: true, estimate: false } as const
      const { verdicts } = await forget(careContext(f, { clock }), request, options, {}, signal)
      return verdicts.filter(({ point }) => point.record.undo !== undefined).map(({ reasons }) => reasons)
    }
    expect(await judged(29)).toEqual([['undo']])
    expect(await judged(31)).toEqual([[]])
  })
})
