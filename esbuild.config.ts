import { readFile, rename, rm } from 'node:fs/promises'

import { build, type Plugin } from 'esbuild'

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

// One bundle with shared chunks: what a command does not use it does not load. Native modules and
// whatever finds its own files at run time stay in node_modules.
await rm(NEXT, { recursive: true, force: true })
await build({
  entryPoints: {
    tidemark: 'src/cli/bin.ts',
    worker: 'src/engine/workers/worker-main.ts',
    'fuse-reader': 'fuse/readers/reader-main.ts',
    // What the package exports for drivers of one's own.
    driver: 'src/package/driver.ts',
    'driver-contract': 'test/contract/driver-contract.ts',
  },
  outdir: NEXT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minify: false,
  sourcemap: false,
  legalComments: 'none',
  // React's build for users: the other one checks everything at every paint.
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [addons, layout],
  external: ['argon2', 'blessed', 'blessed-contrib', 'koffi', 'fuse-native', 'react-devtools-core', 'ssh2', 'vitest'],
  // CommonJS packages inside an ES module bundle look for these.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
})

// Whoever runs the program meanwhile finds the whole of one build, and a build that fails leaves the one before it.
await rm('dist', { recursive: true, force: true })
await rename(NEXT, 'dist')
