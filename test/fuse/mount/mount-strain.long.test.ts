import { spawnSync } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdirSync, openSync, closeSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

import { closeSharedPool } from '../../support/engine-fixture.ts'
import { fuseTest } from '../../support/fuse-test.ts'
import { MountFixture, runTool } from '../../support/mount-fixture.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'

const READERS = 16
const PREADS = 100_000
/** A little more than the frames that a mount keeps: some go while others read them. */
const PIECES = 5
const PIECE_BYTES = 16 << 20
const ENTRIES = 200_000
const FIO_BYTES = 16 << 20
const fioTest = spawnSync('fio', ['--version']).status === 0 ? fuseTest : test.skip
const support = join(import.meta.dirname, '..', '..', 'support')

afterAll(closeSharedPool)

fuseTest(`${READERS} readers get the bytes of the source in ${PREADS} random reads each`, async () => {
  const f = await MountFixture.create()
  const source = f.engine.path('large')
  for (let i = 0; i < PIECES; i++) {
    // Text compresses, the pattern does not.
    const piece = patternBytes(PIECE_BYTES, i)
    appendFileSync(source, i % 2 === 0 ? piece : Buffer.from(piece.subarray(0, PIECE_BYTES / 2)).toString('hex'))
  }
  appendFileSync(source, 'the end')
  await f.engine.backup()
  await f.mount()
  const reading = Array.from({ length: READERS }, async (_, i) => {
    const words = [join(support, 'mount-preads.ts'), f.path(0, 'large'), source, `${PREADS}`, `reader ${i}`]
    return runTool(process.execPath, i % 2 === 0 ? [...words, 'direct'] : words)
  })
  for (const { code, stdout, stderr } of await Promise.all(reading)) {
    expect([stderr, code, stdout.toString()]).toEqual(['', 0, `${PREADS}`])
  }
  expect(f.problems).toEqual([])
})

fuseTest(`a folder of ${ENTRIES} entries is listed whole, and any of them is found`, async () => {
  const f = await MountFixture.create()
  const folder = f.engine.path('many')
  mkdirSync(folder)
  for (let i = 0; i < ENTRIES; i++) writeFileSync(join(folder, `entry ${i}`), i % 100 === 0 ? `${i}` : '')
  await f.engine.backup()
  await f.mount()
  const listing = async (of: string): Promise<string[]> => {
    const { code, stdout, stderr } = await runTool('find', [of, '-mindepth', '1', '-printf', '%P %y %m %s %T@\n'])
    expect([code, stderr]).toEqual([0, ''])
    return stdout.toString().trim().split('\n').sort()
  }
  const listed = await listing(f.path(0, 'many'))
  expect(listed.length).toBe(ENTRIES)
  expect(listed).toEqual(await listing(folder))
  const { code, stdout, stderr } = await runTool('sh', [
    '-c',
    'cd "$1" && cat "entry 0" "entry 199900"; stat none',
    '-',
    f.path(0, 'many'),
  ])
  expect([code, stdout.toString()]).toEqual([1, '0199900'])
  expect(stderr).toMatch(/No such file/)
  expect(f.problems).toEqual([])
})

fioTest('what fio wrote it finds right in the mount, and a copy with one wrong byte it does not', async () => {
  const f = await MountFixture.create()
  const source = f.engine.path('fio')
  const sizes = [`--size=${FIO_BYTES}`, '--bs=4k', '--ioengine=psync', '--verify=crc32c', '--verify_fatal=1']
  const write = await runTool('fio', ['--name=job', `--filename=${source}`, '--rw=write', '--do_verify=0', ...sizes])
  expect(write.stderr).toBe('')
  const wrong = f.engine.path('wrong')
  copyFileSync(source, wrong)
  const file = openSync(wrong, 'r+')
  writeSync(file, '!', FIO_BYTES / 2 + 1000)
  closeSync(file)
  await f.engine.backup()
  await f.mount()
  const verify = async (name: string, how: string): Promise<number | null> => {
    const words = ['--name=job', `--filename=${f.path(0, name)}`, '--readonly', `--rw=${how}`, '--direct=1', ...sizes]
    return (await runTool('fio', [...words, `--aux-path=${dirname(source)}`])).code
  }
  expect(await verify('fio', 'read')).toBe(0)
  expect(await verify('fio', 'randread')).toBe(0)
  expect(await verify('wrong', 'read')).not.toBe(0)
  expect(f.problems).toEqual([])
})
