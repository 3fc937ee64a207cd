import { spawnSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { CliPlace, PROGRAM } from '../support/cli.ts'

/** Tells, when the program ends, which files it loaded: modules by their address, native ones by their path. */
const SPY = `
import { registerHooks } from 'node:module'
const loaded = []
registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
process.on('exit', () => {
  const native = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'))
  process.stderr.write('LOADED ' + JSON.stringify({ loaded, native }) + '\\n')
})
`

function loadedBy(place: CliPlace, words: readonly string[]): { readonly loaded: string[]; readonly native: string[] } {
  const spy = join(place.folder, 'spy.mjs')
  writeFileSync(spy, SPY)
  const { stderr, status } = spawnSync(process.execPath, ['--import', spy, PROGRAM, ...words], {
    env: place.environment,
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  const [, json = '{}'] = /^LOADED (.*)$/m.exec(stderr) ?? []
  return JSON.parse(json) as { loaded: string[]; native: string[] }
}

test('the version is printed without loading anything heavy', () => {
  const { loaded, native } = loadedBy(new CliPlace(), ['--version'])
  expect(native).toEqual([])
  const bytes = loaded
    .filter((url) => url.startsWith('file:'))
    .map((url) => statSync(fileURLToPath(url)).size)
    .reduce((sum, size) => sum + size, 0)
  expect(loaded.length).toBeGreaterThan(0)
  // Commander, YAML and zod are in bundles larger than this.
  expect(bytes).toBeLessThan(30_000)
})

test('help loads no native module', () => {
  expect(loadedBy(new CliPlace(), ['help', 'backup']).native).toEqual([])
})

test('a repository that is named by its path opens without YAML', async () => {
  const place = new CliPlace()
  await place.init()
  const { loaded } = loadedBy(place, ['points'])
  expect(loaded.filter((url) => url.endsWith('/yaml.cjs'))).toEqual([])
  const unnamed = Object.assign(place, { environment: { ...place.environment, TIDEMARK_REPOSITORY: '' } })
  expect(loadedBy(unnamed, ['points']).loaded.filter((url) => url.endsWith('/yaml.cjs'))).toHaveLength(1)
})
