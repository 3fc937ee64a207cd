import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { Scanner } from '../../src/engine/scan/scanner.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { type BackupResult, EngineFixture, closeSharedPool } from '../support/engine-fixture.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { diskLines, pointFile, pointLines } from '../support/point-content.ts'
import { rootTest } from '../support/root-test.ts'

afterAll(closeSharedPool)

/**
 * Runs a backup whose files `change` after the scan saw them and before anything is read: a scan against a local base
 * needs no repository, reading does.
 */
async function backupWhile(f: EngineFixture, change: () => void): Promise<BackupResult> {
  const { promise: repository, resolve: open } = Promise.withResolvers<Repository>()
  const { promise: seen, resolve: see } = Promise.withResolvers<undefined>()
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with the scanner that it is called of
  const { scan } = Scanner.prototype
  const spy = vi.spyOn(Scanner.prototype, 'scan').mockImplementation(function* (this: Scanner) {
    yield* scan.call(this)
    see(undefined)
  })
  const running = f.backup({ context: { repository } })
  await Promise.race([seen, running]).finally(() => spy.mockRestore())
  change()
  open(f.repository)
  return await running
}

async function expectWhole(f: EngineFixture): Promise<void> {
  await f.reopen()
  expect(await pointLines(await f.view(), f.source)).toEqual(diskLines(f.source))
}

describe.each([
  ['small', 5000],
  ['of several chunks', 3_000_000],
  ['large', 20_000_000],
])('a %s file', (_, bytes) => {
  /** One point that knows nothing of the file; then the file. */
  async function prepared(): Promise<{ f: EngineFixture; path: string }> {
    const f = await EngineFixture.create()
    writeFileSync(f.path('other'), 'other')
    await f.backup()
    writeFileSync(f.path('file'), patternBytes(bytes, bytes))
    return { f, path: f.path('file') }
  }

  const changes: [string, (path: string) => void][] = [
    ['grew', (path) => appendFileSync(path, 'and more')],
    ['shrank', (path) => truncateSync(path, Math.floor(bytes / 3))],
    ['was emptied', (path) => truncateSync(path, 0)],
    ['was rewritten', (path) => writeFileSync(path, patternBytes(bytes, 1))],
  ]
  test.each(changes)('that %s after the look is kept as it is by then', async (_name, change) => {
    const { f, path } = await prepared()
    const made = await backupWhile(f, () => change(path))
    expect(made.told).toEqual([])
    await expectWhole(f)
    // It changed so shortly before that it must be looked at again.
    expect((await f.backup()).told).toEqual([])
    await expectWhole(f)
  })

  const losses: [string, (path: string) => void][] = [
    ['vanished', () => undefined],
    ['became a pipe', (path) => void execFileSync('mkfifo', [path])],
    ['became a link', (path) => symlinkSync('/etc/passwd', path)],
    ['became a folder', (path) => mkdirSync(path)],
  ]
  test.each(losses)('that %s after the look is left out and told', async (_name, become) => {
    const { f, path } = await prepared()
    const made = await backupWhile(f, () => {
      rmSync(path)
      become(path)
    })
    expect(made.told).toMatchObject([{ path, reason: 'vanished' }])
    expect([...made.troubles.values()]).toEqual([1])
    await f.reopen()
    const view = await f.view()
    expect(await view.lookup(byteStringOf(path))).toBeUndefined()
    expect((await pointFile(view, f.path('other'))).toString()).toBe('other')
    await f.backup()
    await expectWhole(f)
  })

  test('that became a pipe leaves in it what waits there for others', async () => {
    const { f, path } = await prepared()
    let pipe = -1
    await backupWhile(f, () => {
      rmSync(path)
      execFileSync('mkfifo', [path])
      pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
      writeSync(pipe, 'for somebody else')
    })
    const left = Buffer.alloc(100)
    expect(left.toString('utf8', 0, readSync(pipe, left))).toBe('for somebody else')
    closeSync(pipe)
  })

  test('that was moved away with its folder is left out, and nothing outside is read', async () => {
    const f = await EngineFixture.create()
    mkdirSync(f.path('d'))
    await f.backup()
    writeFileSync(f.path('d/file'), patternBytes(bytes, 2))
    const made = await backupWhile(f, () => {
      renameSync(f.path('d'), f.path('moved'))
      mkdirSync(f.path('elsewhere'))
      writeFileSync(f.path('elsewhere/file'), 'a stranger')
      symlinkSync('elsewhere', f.path('d'))
    })
    expect(made.told).toMatchObject([{ path: f.path('d/file'), reason: 'vanished' }])
    await f.reopen()
    expect(await (await f.view()).lookup(byteStringOf(f.path('d/file')))).toBeUndefined()
  })
})

test('files that never stand still have entries that agree with their content', async () => {
  const f = await EngineFixture.create()
  writeFileSync(f.path('log'), 'line\n'.repeat(1000))
  writeFileSync(f.path('big'), patternBytes(20_000_000, 4))
  execFileSync('truncate', ['-s', '8M', f.path('holes')])
  const script = `
    const { appendFileSync, truncateSync, openSync, writeSync } = require('node:fs')
    const [log, big, holes] = process.argv.slice(1)
    const fd = openSync(holes, 'r+')
    process.send('started')
    for (let i = 0; ; i++) {
      appendFileSync(log, 'one more line ' + i + '\\n')
      truncateSync(big, 15000000 + (i * 7919) % 9000000)
      truncateSync(holes, 1000000 + (i * 104729) % 9000000)
      writeSync(fd, 'data', (i * 65537) % 900000)
    }`
  const args = ['-e', script, f.path('log'), f.path('big'), f.path('holes')]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  for (let run = 0; run < 4; run++) {
    const made = await f.backup()
    for (const { reason } of made.told) expect(reason).toBe('changed')
    await f.reopen()
    const view = await f.view()
    for (const name of ['log', 'big', 'holes']) {
      const entry = await view.lookup(byteStringOf(f.path(name)))
      const content = await pointFile(view, f.path(name))
      expect(entry).toMatchObject({ kind: 'file', size: content.byteLength })
    }
    expect((await pointFile(view, f.path('log'))).toString('latin1')).toMatch(/^(line\n){1000}(one more line \d+\n)*/)
  }
  child.kill('SIGKILL')
  await once(child, 'exit')
  await f.backup()
  await expectWhole(f)
})

test('entries of every kind come back', async () => {
  const f = await EngineFixture.create()
  execFileSync('mkfifo', [f.path('fifo')])
  symlinkSync('nowhere', f.path('dangling'))
  symlinkSync('x'.repeat(4000), f.path('long'))
  mkdirSync(f.path('empty'))
  chmodSync(f.path('empty'), 0o1777)
  writeFileSync(f.path('run'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(Buffer.concat([Buffer.from(f.path('')), Buffer.from([0xff, 0xfe, 0x0a])]), 'not a text')
  const server = createServer().listen(f.path('socket'))
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  if (process.geteuid?.() === 0) {
    execFileSync('mknod', [f.path('null'), 'c', '1', '3'])
    execFileSync('mknod', [f.path('loop'), 'b', '7', '200'])
  }
  const made = await f.backup()
  expect(made.told).toEqual([])
  const view = await f.view()
  const kinds = (await view.entries((await view.lookup(byteStringOf(f.source)))!)).map(({ kind }) => kind)
  expect(kinds).toEqual(expect.arrayContaining(['fifo', 'symlink', 'dir', 'file', 'socket']))
  if (process.geteuid?.() === 0) {
    expect(await view.lookup(byteStringOf(f.path('null')))).toMatchObject({ kind: 'char', major: 1, minor: 3 })
    expect(await view.lookup(byteStringOf(f.path('loop')))).toMatchObject({ kind: 'block', major: 7, minor: 200 })
  }
  expect(await view.lookup(byteStringOf(f.path('long')))).toMatchObject({ target: 'x'.repeat(4000) })
  expect(await f.backup()).toMatchObject({ bytesRead: 0, bytesStored: 0 })
})

rootTest('what this user may not read is told, and kept out; alone, it is no source', async () => {
  const f = await EngineFixture.create()
  mkdirSync(f.path('closed'))
  writeFileSync(f.path('closed/inside'), 'inside')
  writeFileSync(f.path('secret'), 'secret', { mode: 0o600 })
  writeFileSync(f.path('open'), 'open')
  chmodSync(f.path('closed'), 0o700)
  execFileSync('chmod', ['755', f.folder])
  // Threads keep their own rights: only the whole process can become somebody else.
  const result = execFileSync(
    process.execPath,
    [new URL('./restricted-backup.ts', import.meta.url).pathname, f.source],
    { encoding: 'utf8' },
  )
  expect(JSON.parse(result)).toEqual({
    refusal: 'SOURCE_UNREADABLE',
    troubles: [['denied', 2]],
    told: [`denied ${f.path('closed')}`, `denied ${f.path('secret')}`],
    entries: ['closed/', 'open'],
    after: ['closed/', 'closed/inside', 'open', 'secret'],
  })
})
