import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PackFileReader } from '../../src/engine/pack-file-reader.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('what is no regular file in the place of a pack is called so, and not as the system does', () => {
  const folder = temporaryFolder()
  const [directory, link] = [join(folder, 'directory'), join(folder, 'link')]
  mkdirSync(directory)
  symlinkSync('directory', link)
  using reader = new PackFileReader({ openMax: 1 })
  for (const file of [directory, link]) {
    expect(() => reader.read({ id: 'ab12', file }, { offset: 0, length: 10 })).toThrow('ab12 is no regular file')
  }
  const gone = { id: 'ab12', file: join(folder, 'gone') }
  expect(() => reader.read(gone, { offset: 0, length: 10 })).toThrow('ab12 is missing')
})
