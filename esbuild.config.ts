import { readFile, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

import { build, type BuildOptions, type Plugin } from 'esbuild'

import { ONE_COLUMN } from './src/base/text-width.ts'

/** Where the build is made. */
const NEXT = 'dist.next'

/** Loaders of addons that take long to look for them, and where they find them in the end. */
const ADDON_PLACES: Readonly<Record<string, string>> = {
  'sodium-native/binding.js': 'sodium-native/prebuilds/${process.platform}-${process.arch}/sodium-native.node',
  '@napi-rs/blake-hash': '@napi-rs/blake-hash-${process.platform}-${process.arch}-gnu',
}

/** See docs/decisions/0028: an addon that is not where it usually is, is looked for as its package does. */
const addons: Plugin = {
  name: 'addons',
  setup(bundler) {
    bundler.onResolve({ filter: /^(sodium-native\/binding\.js|@napi-rs\/blake-hash|\.\/binding)$/ }, (wanted) => {
      const path = wanted.importer.endsWith('/sodium-native/index.js') ? 'sodium-native/binding.js' : wanted.path
      if (!(path in ADDON_PLACES)) return undefined
      return wanted.namespace === 'addon' ? { path, external: true } : { path, namespace: 'addon' }
    })
    bundler.onLoad({ filter: /.*/, namespace: 'addon' }, ({ path }) => ({
      contents: `try { module.exports = require(\`${ADDON_PLACES[path]}\`) } catch { module.exports = require('${path}') }`,
    }))
  },
}

/** See docs/decisions/0081: the layout engine's WebAssembly stands in its code; to "fetch" it would load a whole HTTP client. */
const layout: Plugin = {
  name: 'layout',
  setup(bundler) {
    bundler.onLoad({ filter: /yoga-wasm-base64-esm\.js$/ }, async ({ path }) => {
      const contents = (await readFile(path, 'utf8')).replaceAll('"function"!=typeof fetch', 'true')
      return { contents }
    })
  },
}

/** Packages that cut text into graphemes for each frame. */
const SEGMENTING =
  /\/(ink\/build\/line-update|ansi-tokenize\/build\/tokenize|wrap-ansi\/index|slice-ansi\/tokenize-ansi|cli-truncate\/index)\.js$/
const SEGMENTER = 'new Intl.Segmenter('

/** See docs/decisions/0092: a frame is measured and written without cutting each of its lines into graphemes. */
const graphemes: Plugin = {
  name: 'graphemes',
  setup(bundler) {
    bundler.onLoad({ filter: SEGMENTING, namespace: 'file' }, async ({ path }) => {
      return { contents: await withoutSegmenter(path) }
    })
    bundler.onLoad({ filter: /\/string-width\/index\.js$/, namespace: 'file' }, async ({ path }) => {
      await checkWidths(path)
      return {
        contents: `
          const ONE_COLUMN_EACH = /^[${ONE_COLUMN}]*$/
          export default function stringWidth(text, options) {
            if (typeof text === 'string' && options === undefined) {
              const plain = text.includes('\\x1b') ? text.replace(/\\x1b\\[[\\d;]*m/g, '') : text
              if (ONE_COLUMN_EACH.test(plain)) return plain.length
            }
            return require('${path}?whole').default(text, options)
          }`,
      }
    })
    bundler.onResolve({ filter: /\?whole$/ }, ({ path }) => ({
      path: path.replace(/\?whole$/, ''),
      namespace: 'whole',
    }))
    bundler.onLoad({ filter: /.*/, namespace: 'whole' }, async ({ path }) => {
      return { contents: await withoutSegmenter(path), resolveDir: dirname(path) }
    })
  },
}

async function withoutSegmenter(path: string): Promise<string> {
  const text = await readFile(path, 'utf8')
  if (!text.includes(SEGMENTER)) throw new Error(`${path} makes no segmenter any more: see docs/decisions/0092`)
  const own = `import { Graphemes } from '${resolve('tui/text/graphemes.ts')}'\n`
  return own + text.replaceAll(SEGMENTER, 'new Graphemes(')
}

/** Makes sure that what we take for one column wide is that for `string-width`, too. */
async function checkWidths(path: string): Promise<void> {
  const { default: measure } = (await import(path)) as { readonly default: (text: string) => number }
  const each = new RegExp(`[${ONE_COLUMN}]`)
  const all = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter((one) => each.test(one))
  if (!all.every((one) => measure(one) === 1))
    throw new Error(`${path} measures otherwise by now: see docs/decisions/0092`)
}

/** Large packages that few commands need: each becomes a file of its own. */
const LARGE_PACKAGES = ['@aws-sdk/client-s3', 'croner', 'fastify', 'nodemailer', 'ssh-config', 'ssh2', 'yaml', 'zod']

function packageFile(name: string): string {
  return name.replaceAll(/\W+/g, '-').replace(/^-/, '')
}

/** What `ssh2` brings for servers, web servers and new keys loads half of Node's own modules; its addon, where there is one, stays where it is. */
const sshClient: Plugin = {
  name: 'ssh-client',
  setup(bundler) {
    bundler.onLoad({ filter: /\/ssh2\/lib\/(http-agents|keygen|server)\.js$/ }, () => ({
      contents: 'module.exports = {}',
    }))
    bundler.onResolve({ filter: /\/sshcrypto\.node$/ }, ({ path }) => ({
      path: `ssh2/lib/protocol/${path.replace(/^\.\//, '')}`,
      external: true,
    }))
  },
}

/** Returns a module with the names of one of Node's own, which loads it when one of them is used. */
async function lazily(path: string): Promise<string> {
  const { default: whole, ...exported } = (await import(path)) as Record<string, unknown>
  if (path === 'node:process') return 'module.exports = process'
  if (typeof whole === 'function') return `module.exports = require('${path}')`
  const names = Object.keys(exported).filter((name) => name !== 'module.exports')
  return `
    let loaded
    function load() { return (loaded ??= require('${path}')) }
    module.exports = { ${names.map((name) => `get ${name}() { return load().${name} }`).join(', ')} }`
}

/** See docs/decisions/0110: what an import statement would load before anything runs is loaded when its importer runs. */
const whenNeeded: Plugin = {
  name: 'when-needed',
  setup(bundler) {
    bundler.onResolve({ filter: /^[^.]/ }, ({ path, namespace }) => {
      const isLarge = LARGE_PACKAGES.includes(path)
      if (!isLarge && !path.startsWith('node:')) return undefined
      if (namespace !== 'when-needed') return { path, namespace: 'when-needed' }
      return { path: isLarge ? `./${packageFile(path)}.cjs` : path, external: true }
    })
    bundler.onLoad({ filter: /.*/, namespace: 'when-needed' }, async ({ path }) => ({
      contents: path.startsWith('node:') ? await lazily(path) : `module.exports = require('${path}')`,
    }))
  },
}

/**
 * See docs/decisions/0139: the SDK of S3 loads `node:https` where an endpoint has none, and asks for `node:http` as a module with all its
 * names, one of which loads a second HTTP client.
 */
const s3Client: Plugin = {
  name: 's3-client',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path, importer, namespace }) => {
      if (namespace === 'builtin') return { path, external: true }
      return /\/node_modules\/@(aws-sdk|smithy)\//.test(importer) ? { path, namespace: 'builtin' } : undefined
    })
    bundler.onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => ({ contents: await lazily(path) }))
    bundler.onLoad({ filter: /\/@smithy\/.*\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { contents: text.replaceAll('import("node:http")', 'Promise.resolve(require("node:http"))') }
    })
  },
}

/** Modules of ours that stay files: what comes before the program, `--version` included, and the dashboard in the order in which it needs them. */
const OWN_FILE = /\/(start|main|run-program|run-dashboard|open-dashboard|open-application|draw-chart)\.tsx?$/

/** See docs/decisions/0110: modules of ours that are imported when they are needed run then, but are no files of their own. */
const inOneFile: Plugin = {
  name: 'in-one-file',
  setup(bundler) {
    bundler.onLoad({ filter: /\/(src|fuse|drivers|tui)\/.*\.tsx?$/ }, async ({ path }) => {
      if (path.includes('/node_modules/')) return undefined
      const text = await readFile(path, 'utf8')
      const contents = text.replaceAll(/\bimport\('([^']+)'\)/g, (whole, target: string) => {
        const isOurs = target.startsWith('.') && !OWN_FILE.test(target)
        return isOurs || LARGE_PACKAGES.includes(target) ? `Promise.resolve(require('${target}'))` : whole
      })
      return { contents, loader: path.endsWith('x') ? 'tsx' : 'ts' }
    })
  },
}

const options: BuildOptions = {
  outdir: NEXT,
  bundle: true,
  platform: 'node',
  target: 'node24',
  // Names stay, for stacks.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
}

const ours: BuildOptions = {
  ...options,
  format: 'esm',
  // React's build for users: the other one checks everything at every paint.
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [addons, layout, graphemes, whenNeeded, inOneFile],
  // Native modules and whatever finds its own files at run time stay in node_modules.
  external: ['argon2', 'blessed', 'blessed-contrib', 'koffi', 'fuse-native', 'react-devtools-core', 'vitest'],
  // CommonJS packages inside an ES module bundle look for these.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
}

await rm(NEXT, { recursive: true, force: true })
await build({
  ...options,
  entryPoints: LARGE_PACKAGES.map((name) => ({ in: name, out: packageFile(name) })),
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  plugins: [sshClient, s3Client],
  // As ES modules, what the SDK of S3 brings for other ways to log in runs when it is needed: it loads in half the time.
  mainFields: ['module', 'main'],
  external: ['cpu-features'],
})
await build({
  ...ours,
  entryPoints: {
    tidemark: 'src/cli/bin.ts',
    // What the package exports for drivers of one's own; it shares its errors with the program.
    driver: 'src/package/driver.ts',
    'driver-contract': 'test/contract/driver-contract.ts',
  },
  splitting: true,
})
// Threads share no code with the program: one file each.
await build({
  ...ours,
  entryPoints: { worker: 'src/engine/workers/worker-main.ts', 'fuse-reader': 'fuse/readers/reader-main.ts' },
})

// Whoever runs the program meanwhile finds the whole of one build, and a build that fails leaves the one before it.
await rm('dist', { recursive: true, force: true })
await rename(NEXT, 'dist')
