import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { temporaryFolder } from '../support/temporary-folder.ts'

const PROJECT = join(import.meta.dirname, '..', '..')

function npm(folder: string, ...words: readonly string[]): string {
  return execFileSync('npm', words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

test('the package installs from its tarball and works', { timeout: 180_000 }, () => {
  const folder = temporaryFolder()
  // The build has been done; doing it again would take dist away from tests that run at the same time.
  npm(PROJECT, 'pack', '--ignore-scripts', '--pack-destination', folder)
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  npm(folder, 'install', '--global', '--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`)

  const environment = {
    PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    TIDEMARK_PASSWORD: 'x',
    TIDEMARK_REPOSITORY: join(folder, 'repository'),
  }
  const tidemark = (...words: readonly string[]): string =>
    execFileSync(join(folder, 'bin', 'tidemark'), words, { env: environment, encoding: 'utf8', stdio: 'pipe' })
  const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string }
  expect(tidemark('--version')).toBe(`${version}\n`)
  tidemark('init', '--no-recovery', '--kdf-memory', '8M')
  tidemark('backup', join(PROJECT, 'docs'))
  const license = tidemark('cat', `latest:${PROJECT}/docs/format.md`)
  expect(license).toBe(readFileSync(join(PROJECT, 'docs', 'format.md'), 'utf8'))
  const home = join(folder, 'lib', 'node_modules', 'tidemark')
  const installed = readdirSync(home)
  expect(installed).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'dist', 'docs']))
  expect(installed).not.toContain('src')
  const linked = readFileSync(join(home, 'README.md'), 'utf8').matchAll(/\]\((docs\/[^)]+\.md)\)/g)
  for (const [, path = ''] of linked) expect(existsSync(join(home, path)), path).toBe(true)
})
