import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
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

/** Returns the program's files that begin with these names, and all that are loaded before those run. */
function filesOf(names: readonly string[]): ReadonlyMap<string, string> {
  const folder = dirname(PROGRAM)
  const files = new Set(readdirSync(folder).filter((file) => names.some((name) => file.startsWith(`${name}-`))))
  expect(files.size).toBe(names.length)
  const code = new Map<string, string>()
  // What is added meanwhile is visited, too.
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8')
    code.set(file, text)
    for (const [, imported = ''] of text.matchAll(/\b(?:from|import)"\.\/([^"]+)"/g)) files.add(imported)
  }
  return code
}

test('the first frame of the dashboard waits for no chart, no other command and no service', () => {
  const code = filesOf(['start', 'main', 'run-dashboard', 'open-dashboard'])
  const holding = (words: string): string[] =>
    [...code].filter(([, text]) => text.includes(words)).map(([file]) => file)
  expect(holding('First start')).toHaveLength(1)
  // Each of a chart, a command and the service; a segmenter takes longer to make than the frame to draw.
  for (const words of ['from"blessed', 'CommanderError', 'LocalApplication', 'new Intl.Segmenter']) {
    expect(holding(words), words).toEqual([])
  }
})
