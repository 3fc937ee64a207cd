import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { writePrivateFile } from '../../src/service/private-file.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test.each([
  ['in a file', 'ENOTDIR', 'file/name'],
  ['in the place of a folder', 'EISDIR', 'folder'],
])('what cannot be written, being %s, is told by its error, and nothing of it stays', (_, errno, name) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'file'), '')
  mkdirSync(join(folder, 'folder'))
  const write = (): boolean => writePrivateFile(join(folder, name), Buffer.from('x'))
  expect(write).toThrow(expect.objectContaining({ code: 'STORE_FAILED', context: { path: join(folder, name), errno } }))
  expect(readdirSync(folder).sort()).toEqual(['file', 'folder'])
})
