import { rm } from 'node:fs/promises'
import { build } from 'esbuild'

// One bundle with shared chunks: what a command does not use it does not load. Native modules and
// whatever finds its own files at run time stay in node_modules.
await rm('dist', { recursive: true, force: true })
await build({
  entryPoints: { tidemark: 'src/cli/bin.ts', worker: 'src/engine/workers/worker-main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minify: false,
  sourcemap: false,
  legalComments: 'none',
  external: ['argon2', 'koffi', 'sodium-native', '@napi-rs/blake-hash', 'fuse-native', 'ssh2'],
  // CommonJS packages inside an ES module bundle look for these.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
})
