// What each screen of the dashboard shows, as text, for the README.
//
//   node examples/screenshots.ts            writes the frames into README.md
//   node examples/screenshots.ts --check    exits with 1 when those in README.md are not what is shown
//
// The application behind them is in memory: nothing is backed up.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { build } from 'esbuild'

import type * as Screens from '../test/support/screens.ts'

// Frames show local times; of what is loaded below, nothing has asked for one yet.
process.env['TZ'] = 'UTC'

const PROJECT = join(import.meta.dirname, '..')
const README = join(PROJECT, 'README.md')
const BEGIN = '<!-- screens: made by examples/screenshots.ts -->'
const END = '<!-- end of screens -->'

const wanted = await withScreens(await readFile(README, 'utf8'))
if (!process.argv.includes('--check')) await writeFile(README, wanted)
else if (wanted !== (await readFile(README, 'utf8'))) {
  process.stderr.write(
    'The screens in README.md are not what the dashboard shows: run `node examples/screenshots.ts`.\n',
  )
  process.exitCode = 1
}

async function withScreens(readme: string): Promise<string> {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${README} has no place for screens`)
  const shown = (await screenFrames()).map(({ title, frame }) => {
    return `**${title}**\n\n\`\`\`text\n${frame.replace(/[ \u2800]+$/gm, '')}\n\`\`\`\n`
  })
  return `${readme.slice(0, begin)}${BEGIN}\n\n${shown.join('\n')}\n${readme.slice(end)}`
}

/** Screens are written in JSX, which Node does not run: they are bundled for it. */
async function screenFrames(): Promise<readonly Screens.ScreenFrame[]> {
  // Packages are looked for from where the bundle lies.
  const bundle = join(PROJECT, 'node_modules', '.cache', `tidemark-screens-${process.pid}.mjs`)
  const entry = join(PROJECT, 'test', 'support', 'screens.ts')
  await build({
    entryPoints: [entry],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    jsx: 'automatic',
    packages: 'external',
    logLevel: 'error',
  })
  try {
    const made = (await import(pathToFileURL(bundle).href)) as typeof Screens
    return await made.screenFrames()
  } finally {
    await rm(bundle, { force: true })
  }
}
