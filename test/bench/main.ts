// Measures Tidemark and whatever it finds to compare with, and writes docs/benchmarks.md.
//
//   npm run bench -- --help
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'

import { compareTools } from './compare-tools.ts'
import { conditions } from './conditions.ts'
import { Corpora } from './corpora.ts'
import { measureGrowth } from './growth.ts'
import { readOptions, USAGE } from './options.ts'
import { findPeers } from './peers.ts'
import { writeReport } from './report.ts'
import { tidemark } from './tidemark.ts'
import { warm } from './tree-files.ts'
import type { IndexBytes } from './index-bytes.ts'
import type { BenchOptions } from './options.ts'

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

function measureIndex(): IndexBytes {
  const script = join(import.meta.dirname, 'index-bytes.ts')
  return JSON.parse(execFileSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' })) as IndexBytes
}

async function bench({ folder, size, growth, runs, tools, output, program }: BenchOptions): Promise<void> {
  const ours = tidemark(program)
  const peers = findPeers().filter(({ name }) => tools === undefined || tools.some((part) => name.includes(part)))
  const corpora = new Corpora({ folder, size })
  const small = warm(corpora.small())
  const large = { bytes: statSync(corpora.large()).size }
  const [loadBefore = 0] = loadavg()
  const index = measureIndex()
  const [ourResults, ...peerResults] = await compareTools({ tools: [ours, ...peers], corpora, folder, runs, say })
  if (ourResults === undefined) return
  const grown = await measureGrowth({ tool: ours, corpora, folder, sizes: growth, runs, say })
  const facts = conditions({ small, large, runs, loadBefore, peers: peers.map(({ name }) => name) })
  const before = output !== undefined && existsSync(output) ? readFileSync(output, 'utf8') : ''
  const report = writeReport({ conditions: facts, ours: ourResults, peers: peerResults, growth: grown, index }, before)
  if (output === undefined) process.stdout.write(report)
  else writeFileSync(output, report)
}

process.once('SIGINT', () => process.exit(130))
const options = readOptions(process.argv.slice(2))
if (options === undefined) process.stdout.write(USAGE)
else await bench(options)
