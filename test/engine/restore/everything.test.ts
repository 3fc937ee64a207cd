import { execFileSync } from 'node:child_process'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { compareTrees } from '../../../examples/compare-trees.ts'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { restore } from '../../../src/engine/restore/restore.ts'
import { fillContractTree } from '../../support/contract-tree.ts'
import { closeSharedPool, EngineFixture, sharedPool } from '../../support/engine-fixture.ts'
import { RESTORE_DEFAULTS } from '../../support/restore-fixture.ts'
import { rootTest } from '../../support/root-test.ts'

afterAll(closeSharedPool)

/** Adds what only some programs make. */
const STRANGER = `
  cp /bin/true capable && setcap cap_net_raw+ep capable
  mkdir inheriting && setfacl -d -m u:1234:rwx inheriting && chmod 3771 inheriting
  setfattr -n user.of -v folder folder
  setfattr -h -n trusted.of -v link folder/deeper/link
  setfattr -n trusted.of -v pipe pipe
  echo no dump > flagged && { chattr +d flagged || true; }
  touch -d '1901-01-01 00:00:00.000000001 UTC' flagged
  mkdir ${'n'.repeat(255)}
`

/** Returns what other tools see of a tree beside what `compareTrees` does: attributes, access lists, capabilities and flags. */
function extrasOf(folder: string): string[] {
  const sh = (command: string): string => execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'latin1' })
  return [
    ...sh('getfattr -R -h -d -m - -e hex .').split('\n\n').sort(),
    ...sh('lsattr -Ra . 2>/dev/null || true').split('\n').sort(),
  ]
}

async function expectSame(f: EngineFixture, name: string): Promise<void> {
  await f.reopen()
  const target = join(f.folder, name)
  const options = { ...RESTORE_DEFAULTS, target: byteStringOf(target), path: byteStringOf(f.source) }
  const view = await f.view()
  const summary = await restore({ view, repository: f.repository, workers: sharedPool(), options })
  expect(summary.failures).toEqual([])
  expect((await compareTrees(f.source, target)).differences).toEqual([])
  expect(extrasOf(target)).toEqual(extrasOf(f.source))
  const status = (path: string) => lstatSync(join(target, path))
  expect(status('folder/also-linked')).toMatchObject({ ino: status('linked').ino, nlink: 2 })
  // In blocks of 512 bytes: of four mebibytes hardly anything lies on the disk.
  expect(status('sparse').blocks).toBeLessThan(1000)
  expect(status('device').rdev).toBe(lstatSync(f.path('device')).rdev)
}

rootTest('all that files are comes back from a backup, and so does what changes without their content', async () => {
  const f = await EngineFixture.create()
  fillContractTree(f.source)
  execFileSync('sh', ['-ec', STRANGER], { cwd: f.source })
  expect((await f.backup()).told).toEqual([])
  await expectSame(f, 'first')

  execFileSync('sh', ['-ec', 'setfattr -n user.more -v 1 plain; setfacl -b guarded; chown 7:8 empty'], {
    cwd: f.source,
  })
  expect(await f.backup()).toMatchObject({ type: 'incremental', filesChanged: 3, told: [] })
  await expectSame(f, 'second')
})
