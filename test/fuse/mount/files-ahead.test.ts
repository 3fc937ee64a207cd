import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { afterAll, expect } from 'vitest'

import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { closeSharedPool } from '../../support/engine-fixture.ts'
import { fuseTest } from '../../support/fuse-test.ts'
import { MountFixture, runTool } from '../../support/mount-fixture.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const FILES = 120
const FILE_BYTES = 5000

afterAll(closeSharedPool)

/** Returns how many bytes of a file the kernel keeps. Nothing of it is read for that. */
async function keptBytes(path: string): Promise<number> {
  const { code, stdout, stderr } = await runTool('fincore', ['--bytes', '--noheadings', '--output', 'RES', path])
  if (code !== 0) throw new Error(stderr)
  return Number(stdout.toString())
}

fuseTest('files that are read one after the other are with the kernel before they are asked for', async () => {
  const f = await MountFixture.create(await openLocalDriver({ root: temporaryFolder() }))
  mkdirSync(f.engine.path('many'))
  const nameOf = (i: number): string => `file ${String(i).padStart(3, '0')}`
  for (let i = 0; i < FILES; i++) writeFileSync(f.engine.path('many', nameOf(i)), patternBytes(FILE_BYTES, i))
  await f.engine.backup()
  await f.mount()
  const last = f.path(0, 'many', nameOf(FILES - 1))
  expect((await runTool('ls', ['-l', f.path(0, 'many')])).code).toBe(0)
  expect(await keptBytes(last)).toBe(0)
  let read = 0
  // However late the thread is that sends them: there are files left to read.
  while (read < FILES - 1 && (await keptBytes(last)) === 0) {
    const bytes = await readFile(f.path(0, 'many', nameOf(read)))
    expect(Buffer.compare(bytes, patternBytes(FILE_BYTES, read))).toBe(0)
    read++
  }
  // Page by page, and perhaps when the last of the others was read already.
  await expect.poll(() => keptBytes(last)).toBe(8192)
  for (let i = read; i < FILES; i++) {
    expect(Buffer.compare(await readFile(f.path(0, 'many', nameOf(i))), patternBytes(FILE_BYTES, i))).toBe(0)
  }
})
