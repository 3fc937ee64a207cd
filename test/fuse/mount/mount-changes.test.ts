import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, onTestFinished } from 'vitest'

import type { Folder, FolderEntry } from '../../../fuse/folders/folder.ts'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { closeSharedPool } from '../../support/engine-fixture.ts'
import { fuseTest } from '../../support/fuse-test.ts'
import { MountFixture } from '../../support/mount-fixture.ts'

afterAll(closeSharedPool)

const FOR_AN_HOUR = 3600
const A_MOMENT = 0.05
/** Lists the folder that it has open again for each line that it is sent: names with spaces between, on one line. */
const LISTING_AGAIN = `
  $| = 1; opendir(my $folder, $ARGV[0]) or die;
  while (<STDIN>) { rewinddir($folder); print join(' ', sort grep { !/^\\./ } readdir($folder)), "\\n" }`

/** Folders that change, all at once, when they are told to. */
class Drawing {
  #changes = 0

  change(): void {
    this.#changes++
  }

  /** A folder that shows how often there was a change, as a file's name, besides what is in it for good. */
  folder(validSeconds: number, children: Readonly<Record<string, Folder>> = {}): Folder {
    const list = async (): Promise<readonly FolderEntry[]> => {
      const mtime = { seconds: this.#changes, nanoseconds: 0 }
      const read = async (): Promise<Uint8Array> => new Uint8Array(0)
      const folders = Object.entries(children).map(
        ([name, folder]) => ({ kind: 'folder', name: byteStringOf(name), folder, mtime }) as const,
      )
      return [{ kind: 'bytes', name: byteStringOf(`${this.#changes}`), read, mtime }, ...folders]
    }
    return {
      validSeconds,
      modified: async () => ({ seconds: this.#changes, nanoseconds: 0 }),
      list,
      find: async (name) => (await list()).find((entry) => entry.name === name),
    }
  }
}

describe('folders of a mount that change', () => {
  fuseTest('are shown as they are to whoever keeps one open and lists it again', async () => {
    const drawing = new Drawing()
    const f = await MountFixture.create()
    await f.mount({ root: drawing.folder(A_MOMENT) })
    const perl = spawn('perl', ['-e', LISTING_AGAIN, f.directory], { stdio: ['pipe', 'pipe', 'inherit'] })
    onTestFinished(() => void perl.kill('SIGKILL'))
    const lines = createInterface(perl.stdout)
    const listed = async (): Promise<string> => {
      const line = once(lines, 'line') as Promise<[string]>
      perl.stdin.write('\n')
      return (await line)[0]
    }
    expect(await listed()).toBe('0')
    drawing.change()
    // What it saw it believes for a moment.
    while ((await listed()) === '0');
    expect(await listed()).toBe('1')
  })

  fuseTest('are all forgotten by the kernel when one of them is seen to have changed', async () => {
    const drawing = new Drawing()
    const seen = drawing.folder(A_MOMENT, { inside: drawing.folder(A_MOMENT) })
    const f = await MountFixture.create()
    await f.mount({ root: drawing.folder(FOR_AN_HOUR, { seen, other: drawing.folder(FOR_AN_HOUR) }) })
    const other = join(f.directory, 'other')
    await stat(join(f.directory, 'seen', 'inside'))
    expect(await readdir(other)).toEqual(['0'])
    drawing.change()
    while ((await readdir(other))[0] === '0') await stat(join(f.directory, 'seen', 'inside'))
    expect(await readdir(other)).toEqual(['1'])
    expect(await readdir(f.directory)).toContain('1')
  })
})
