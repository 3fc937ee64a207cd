import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { npm, packInto, runInstalled } from '../support/packed-package.ts'

const PROJECT = join(import.meta.dirname, '..', '..')

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  installAlone(packInto(folder))
  for (const name of packagesOfUsers()) link(name)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/**
 * Has npm install the tarball as if it had no dependencies: what the registry has of them today, which takes long to look up
 * and may be something else tomorrow, is for the long test.
 */
function installAlone(tarball: string): void {
  const { version, bin } = packageFile('package.json')
  const [dependencies, resolved] = [{ tidemark: `file:${tarball}` }, `file:${tarball}`]
  const packages = { '': { dependencies }, 'node_modules/tidemark': { version, resolved, bin } }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies }))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }))
  npm(folder, 'ci', '--ignore-scripts', '--offline', '--no-audit', '--no-fund')
}

/** Returns what comes along when the package is installed, without what only this project's own work needs. */
function packagesOfUsers(): string[] {
  const { packages } = packageFile('package-lock.json')
  const names = Object.entries(packages as Record<string, { dev?: true; devOptional?: true }>)
    .filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true)
    .map(([path]) => /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1] ?? '')
  return names.filter((name) => name !== '' && existsSync(join(PROJECT, 'node_modules', name)))
}

function packageFile(name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(PROJECT, name), 'utf8')) as Record<string, unknown>
}

/** Puts a package that this project has beside the one that was installed. */
function link(name: string): void {
  const path = join(folder, 'node_modules', name)
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(join(PROJECT, 'node_modules', name), path)
}

test('the package installs from its tarball and works', () => {
  const program = join(folder, 'node_modules', '.bin', 'tidemark')
  const tidemark = (...words: readonly string[]): string => runInstalled(folder, program, ...words)
  const { version } = packageFile('package.json')
  expect(tidemark('--version')).toBe(`${String(version)}\n`)
  tidemark('init', '--no-recovery', '--kdf-memory', '8M')
  tidemark('backup', join(PROJECT, 'docs'))
  const license = tidemark('cat', `latest:${PROJECT}/docs/format.md`)
  expect(license).toBe(readFileSync(join(PROJECT, 'docs', 'format.md'), 'utf8'))
  const home = join(folder, 'node_modules', 'tidemark')
  const installed = readdirSync(home)
  expect(installed).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'dist', 'docs']))
  expect(installed).not.toContain('src')
  const linked = readFileSync(join(home, 'README.md'), 'utf8').matchAll(/\]\((docs\/[^)]+\.md)\)/g)
  for (const [, path = ''] of linked) expect(existsSync(join(home, path)), path).toBe(true)
})

test("a driver of one's own is written, checked and tested against what the package exports", () => {
  const modules = join(folder, 'node_modules')
  const project = join(folder, 'my-driver')
  mkdirSync(project)
  copyFileSync(join(modules, 'tidemark', 'examples', 'custom-driver.ts'), join(project, 'custom-driver.ts'))
  writeFileSync(
    join(project, 'custom-driver.test.ts'),
    `import { mkdtempSync } from 'node:fs'
     import { describeDriverContract } from 'tidemark/driver-contract'
     import { createStore, openDriver } from './custom-driver.ts'
     describeDriverContract('mine', async () => {
       const options = { url: \`sqlite:\${mkdtempSync('${project}/store-')}/objects\`, token: undefined }
       await createStore(options)
       return { driver: await openDriver(options), reopen: () => openDriver(options) }
     })`,
  )
  for (const name of ['vitest', '@types/node']) link(name)
  const node = (script: string, ...words: readonly string[]): string => {
    const path = join(PROJECT, 'node_modules', script)
    const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...words], {
      cwd: project,
      encoding: 'utf8',
    })
    expect(status, stdout + stderr).toBe(0)
    return stdout
  }
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--erasableSyntaxOnly']
  const modern = ['--module', 'nodenext', '--target', 'es2024', '--lib', 'es2024,esnext.disposable', '--types', 'node']
  const files = ['custom-driver.ts', 'custom-driver.test.ts']
  node('typescript/bin/tsc', '--noEmit', '--allowImportingTsExtensions', ...strict, ...modern, ...files)
  expect(node('vitest/vitest.mjs', 'run', '--root', project, '--no-color')).toMatch(/Tests +\d\d passed/)
})
