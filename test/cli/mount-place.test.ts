import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { makeMountPoint } from '../../src/cli/mount-place.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a folder to mount over is made for its user alone where there is none, and left as it is where there is one', async () => {
  const directory = join(temporaryFolder(), 'tidemark')
  expect(await makeMountPoint(directory)).toBe(true)
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
  expect(await makeMountPoint(directory)).toBe(false)
})

test('a folder to mount over is not made where the one around it is missing', async () => {
  const directory = join(temporaryFolder(), 'missing', 'tidemark')
  await expect(makeMountPoint(directory)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})
