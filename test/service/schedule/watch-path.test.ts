import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test, vi } from 'vitest'

import { watchPath } from '../../../src/service/schedule/watch-path.ts'
import { passes } from '../../support/eventually.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const QUIET_MS = 30

async function watching(path: string, options: { quietMs?: number; longestMs?: number; lookMs?: number } = {}) {
  const told = { changes: 0, incomplete: [] as string[] }
  const watch = await watchPath(
    { path, quietMs: QUIET_MS, ...options },
    { changed: () => (told.changes += 1), incomplete: (why) => void told.incomplete.push(why) },
  )
  onTestFinished(() => watch[Symbol.dispose]())
  return { told, watch }
}

/** Waits until all that was done before is told, and returns how many changes were since the last time. */
async function settled(told: { changes: number }): Promise<number> {
  await sleep(4 * QUIET_MS)
  const { changes } = told
  told.changes = 0
  return changes
}

test('whatever changes in a folder is told once it is quiet, however deep and whoever wrote it', async () => {
  const root = temporaryFolder()
  mkdirSync(join(root, 'a', 'b'), { recursive: true })
  const file = join(root, 'a', 'b', 'file')
  writeFileSync(file, '1')
  const { told } = await watching(root)
  const works: (() => void)[] = [
    () => appendFileSync(file, '2'),
    () => {
      writeFileSync(`${file}~`, '3')
      renameSync(`${file}~`, file)
    },
    () => appendFileSync(file, '4'),
    () => mkdirSync(join(root, 'n', 'm'), { recursive: true }),
    () => writeFileSync(join(root, 'n', 'm', 'new'), ''),
    () => renameSync(join(root, 'n'), join(root, 'moved')),
    () => appendFileSync(join(root, 'moved', 'm', 'new'), 'x'),
    () => rmSync(join(root, 'a'), { recursive: true }),
  ]
  expect(await settled(told)).toBe(0)
  for (const work of works) {
    work()
    await passes(() => expect(told.changes, work.toString()).toBeGreaterThan(0))
    await settled(told)
  }
  expect(told.incomplete).toEqual([])
})

test('changes that follow each other are told once', async () => {
  const root = temporaryFolder()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { told } = await watching(root)
  for (let i = 0; i < 10; i++) {
    writeFileSync(join(root, `${i}`), '')
    // What the system tells of is heard in the next turn of the event loop.
    for (let turn = 0; turn < 3; turn++) await setImmediate()
  }
  expect([vi.getTimerCount(), told.changes]).toEqual([1, 0])
  vi.advanceTimersByTime(QUIET_MS)
  vi.useRealTimers()
  await passes(() => expect(told.changes).toBe(1))
  expect(await settled(told)).toBe(1)
})

test('what never rests is told all the same', async () => {
  const root = temporaryFolder()
  const longestMs = 300
  const startMs = performance.now()
  const { told } = await watching(root, { quietMs: 600_000, longestMs })
  for (let i = 0; told.changes < 2; i++) {
    writeFileSync(join(root, 'log'), `${i}`)
    await sleep(25)
  }
  expect(told.changes).toBeLessThanOrEqual((performance.now() - startMs) / (longestMs - 1))
})

test('of a file, what lies beside it is not told', async () => {
  const root = temporaryFolder()
  const file = join(root, 'file')
  writeFileSync(file, '')
  const { told } = await watching(file)
  writeFileSync(join(root, 'beside'), '')
  expect(await settled(told)).toBe(0)
  const works: (() => void)[] = [
    () => writeFileSync(file, '1'),
    () => {
      writeFileSync(`${file}~`, '')
      renameSync(`${file}~`, file)
    },
    () => writeFileSync(file, '2'),
  ]
  for (const work of works) {
    work()
    await passes(() => expect(told.changes, work.toString()).toBeGreaterThan(0))
    await settled(told)
  }
})

test('what is not there yet is told when it comes, and watched from then on', async () => {
  const path = join(temporaryFolder(), 'later', 'folder')
  const { told } = await watching(path, { lookMs: 20 })
  expect(await settled(told)).toBe(0)
  mkdirSync(path, { recursive: true })
  await passes(() => expect(told.changes).toBeGreaterThan(0))
  await settled(told)
  writeFileSync(join(path, 'file'), '')
  await passes(() => expect(told.changes).toBeGreaterThan(0))
})

test('a folder that is replaced by another one is watched further', async () => {
  const root = temporaryFolder()
  const path = join(root, 'folder')
  mkdirSync(path)
  mkdirSync(join(root, 'other'))
  const { told } = await watching(path, { lookMs: 20 })
  renameSync(path, join(root, 'old'))
  renameSync(join(root, 'other'), path)
  await passes(() => expect(told.changes).toBeGreaterThan(0))
  await settled(told)
  writeFileSync(join(path, 'file'), '')
  await passes(() => expect(told.changes).toBeGreaterThan(0))
  await settled(told)
  writeFileSync(join(root, 'old', 'file'), '')
  expect(await settled(told)).toBe(0)
})

test('links in a folder lead nowhere else', async () => {
  const root = temporaryFolder()
  mkdirSync(join(root, 'watched'))
  mkdirSync(join(root, 'elsewhere'))
  symlinkSync(join(root, 'elsewhere'), join(root, 'watched', 'link'))
  symlinkSync(root, join(root, 'watched', 'loop'))
  const { told } = await watching(join(root, 'watched'))
  writeFileSync(join(root, 'elsewhere', 'file'), '')
  expect(await settled(told)).toBe(0)
})

test('nothing is told after the end', async () => {
  const root = temporaryFolder()
  const { told, watch } = await watching(root)
  writeFileSync(join(root, 'a'), '')
  await sleep(QUIET_MS / 3)
  watch[Symbol.dispose]()
  told.changes = 0
  writeFileSync(join(root, 'b'), '')
  expect(await settled(told)).toBe(0)
})
