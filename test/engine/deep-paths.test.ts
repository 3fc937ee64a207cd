import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { byteStringOf } from '../../src/base/byte-string.ts'
import type { RestoreOptions } from '../../src/engine/restore-types.ts'
import { planRestore } from '../../src/engine/restore/plan-restore.ts'
import { restore } from '../../src/engine/restore/restore.ts'
import { DEEP_PATH_BYTES_MAX } from '../../src/base/limits.ts'
import { openPointView } from '../../src/engine/point-view.ts'
import type { TreeEntry } from '../../src/format/tree.ts'
import { EngineFixture, closeSharedPool, sharedPool } from '../support/engine-fixture.ts'
import { MemoryBlobs } from '../support/memory-blobs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { dirEntry, fileEntry } from '../support/tree-entries.ts'

afterAll(closeSharedPool)

const NAME = 'd'.repeat(200)
const DEPTH = 30
/** Goes down, a folder at a time: no system call takes the whole path. */
const down = (make = ':'): string => `for i in $(seq ${DEPTH}); do ${make}; cd -P ${NAME} || exit 1; done`

function shell(folder: string, script: string): string {
  return execFileSync('bash', ['-c', script], { cwd: folder, encoding: 'utf8' })
}

test('a path longer than any system call takes comes back from a restore, and is walked', async () => {
  const f = await EngineFixture.create()
  shell(
    f.source,
    `${down(`mkdir ${NAME}`)}; echo deep > small; head -c 17000000 /dev/urandom > large; ln -s x link; ln small again; mkfifo pipe`,
  )
  await f.backup()
  const view = await f.view()
  const walked: string[] = []
  for await (const { path } of view.walk(byteStringOf('/'), view.root)) walked.push(path)
  // The last folder, and what lies in it.
  expect(walked.filter((path) => path.length > 6000)).toHaveLength(6)
  const target = temporaryFolder()
  onTestFinished(() => void execFileSync('rm', ['-rf', target, f.folder]))
  const options: RestoreOptions = {
    target: byteStringOf(target),
    path: byteStringOf(f.source),
    include: [],
    exclude: [],
    overwrite: 'if-changed',
    delete: true,
    verify: true,
  }
  const input = { view, repository: f.repository, workers: sharedPool(), options }
  expect((await restore(input)).failures).toEqual([])
  const sums = `${down()}; sha256sum small large again; readlink link; stat -c '%n %F %h %Y' *`
  expect(shell(target, sums)).toBe(shell(f.source, sums))
  // What has changed since, and what was never there, so far down.
  shell(target, `${down()}; echo changed > small; mkdir -p more/${NAME}; echo x > more/${NAME}/file; rm link`)
  const actions = new Map<string, number>()
  for await (const { action } of planRestore(input)) actions.set(action, (actions.get(action) ?? 0) + 1)
  expect(actions.get('delete')).toBe(3)
  expect((await restore(input)).failures).toEqual([])
  expect(shell(target, sums)).toBe(shell(f.source, sums))
  expect(readdirSync(target)).toEqual([NAME])
})

test('a tree that goes down further than any disk has no end that is waited for', async () => {
  const blobs = new MemoryBlobs()
  let entry: TreeEntry = fileEntry('file')
  const levels = Math.ceil(DEEP_PATH_BYTES_MAX / 201) + 5
  for (let level = 0; level < levels; level++) entry = dirEntry(NAME, blobs.addTree([entry]))
  const trees = blobs.addTree([entry])
  const part = { name: 'files', source: 'directory', version: 1, attributes: new Map<string, string>(), trees }
  const view = openPointView(blobs, [part])
  const walk = async (): Promise<void> => {
    for await (const { path } of view.walk(byteStringOf('/'), view.root)) expect(path.length).toBeGreaterThan(0)
  }
  await expect(walk()).rejects.toMatchObject({ code: 'MALFORMED' })
  const options = {
    target: byteStringOf(join(temporaryFolder(), 'new')),
    path: byteStringOf('/'),
    include: [],
    exclude: [],
  }
  const problems: string[] = []
  const onFailure = (_: string, error: Error): void => void problems.push(error.message)
  const plan = planRestore({
    view,
    options: { ...options, overwrite: 'never', delete: false, verify: false },
    onFailure,
  })
  let planned = 0
  for await (const { bytes } of plan) planned += 1 + bytes
  expect(planned).toBeLessThan(levels)
  expect(problems).toEqual([expect.stringContaining('its path is too long') as string])
})
