import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { warnAboutLinks } from '../../src/cli/warn-about-place.ts'
import { keptOutput } from '../support/kept-output.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a source that is only a link is told of, with what it leads to', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'documents'))
  symlinkSync('documents', join(folder, 'link'))
  symlinkSync('nowhere', join(folder, 'broken'))
  const { output, stderr } = keptOutput()
  await warnAboutLinks(
    output,
    ['documents', 'link', 'broken', 'absent'].map((name) => join(folder, name)),
  )
  expect(stderr.text).toMatch(
    new RegExp(
      `^.*${folder}/link is a symbolic link.*: name ${folder}/documents to .*\\n.*broken.*: it leads nowhere\\n$`,
    ),
  )
})
