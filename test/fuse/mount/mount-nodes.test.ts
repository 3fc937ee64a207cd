import { mkdirSync, writeFileSync } from 'node:fs'
import { lstat, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect } from 'vitest'
import { closeSharedPool } from '../../support/engine-fixture.ts'
import { fuseTest } from '../../support/fuse-test.ts'
import { MountFixture, runTool } from '../../support/mount-fixture.ts'

afterAll(closeSharedPool)

const FOLDERS = 20
const FILES = 60

async function manyFiles(): Promise<MountFixture> {
  const f = await MountFixture.create()
  for (let folder = 0; folder < FOLDERS; folder++) {
    mkdirSync(f.engine.path(`${folder}`))
    for (let file = 0; file < FILES; file++) writeFileSync(f.engine.path(`${folder}`, `${file}`), `${folder} ${file}`)
  }
  await f.engine.backup()
  return f
}

describe('nodes of a mount', () => {
  fuseTest('are forgotten by the kernel when there would be too many, and everything is still to be had', async () => {
    const f = await manyFiles()
    await f.mount({ nodesMax: 300 })
    for (let round = 0; round < 2; round++) {
      const { stdout, code, stderr } = await runTool('find', [f.path(0), '-type', 'f', '-newermt', '2000-01-01'])
      expect([code, stderr, stdout.toString().trim().split('\n').length]).toEqual([0, '', FOLDERS * FILES])
    }
    const { code } = await runTool('diff', ['-r', f.engine.source, f.path(0)])
    expect(code).toBe(0)
    expect(f.problems).toEqual([])
  })

  fuseTest('have numbers that stay the same, differ between points, and are told the same by all calls', async () => {
    const f = await manyFiles()
    await f.engine.backup()
    await f.mount()
    const path = (point: number): string => f.path(point, '7', '42')
    const { ino } = await lstat(path(0))
    expect((await lstat(path(1))).ino).not.toBe(ino)
    const { stdout } = await runTool('ls', ['-i', join(path(0), '..')])
    expect(stdout.toString()).toContain(`${ino} 42\n`)
    await f.unmount()
    await f.mount()
    expect((await lstat(path(0))).ino).toBe(ino)
    expect(await readFile(path(0), 'utf8')).toBe('7 42')
    expect(await readdir(f.path(0, '7'))).toHaveLength(FILES)
  })
})
