import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { expect, test } from 'vitest'

test('the screens in the README are what the dashboard shows', () => {
  const script = join(import.meta.dirname, '..', '..', 'examples', 'screenshots.ts')
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
})
