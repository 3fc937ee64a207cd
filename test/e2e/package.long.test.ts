import { join } from 'node:path'

import { expect, test } from 'vitest'

import { npm, packInto, runInstalled } from '../support/packed-package.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('the package installs from its tarball as a user installs it, with what the registry has today', () => {
  const folder = temporaryFolder()
  const tarball = packInto(folder)
  npm(folder, 'install', '--global', '--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`)
  const tidemark = (...words: readonly string[]): string =>
    runInstalled(folder, join(folder, 'bin', 'tidemark'), ...words)
  tidemark('init', '--no-recovery', '--kdf-memory', '8M')
  tidemark('backup', import.meta.dirname)
  expect(tidemark('cat', `latest:${import.meta.filename}`)).toContain('what the registry has today')
})
