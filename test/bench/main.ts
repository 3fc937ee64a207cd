// Measures Tidemark and whatever it finds to compare with, and writes docs/benchmarks.md; with `mount`, `care`, `drivers` or `growth`, only that.
//
//   npm run bench -- --help
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'

import { compareCare } from './compare-care.ts'
import { compareDrivers } from './compare-drivers.ts'
import { compareMounts } from './compare-mounts.ts'
import { compareTools } from './compare-tools.ts'
import { conditions } from './conditions.ts'
import { Corpora } from './corpora.ts'
import { findFloor, findMountFloor } from './floor.ts'
import { measureGrowth } from './growth.ts'
import { readOptions, USAGE } from './options.ts'
import { findPeers } from './peers.ts'
import { withCare, withDrivers, withGrowth, withMounts, writeReport } from './report.ts'
import { tidemark } from './tidemark.ts'
import { warm } from './tree-files.ts'
import type { IndexBytes } from './index-bytes.ts'
import type { BenchOptions } from './options.ts'
import type { Tool } from './tool.ts'

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

function measureIndex(): IndexBytes {
  const script = join(import.meta.dirname, 'index-bytes.ts')
  return JSON.parse(execFileSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' })) as IndexBytes
}

function readReport(output: string | undefined): string {
  return output !== undefined && existsSync(output) ? readFileSync(output, 'utf8') : ''
}

function keep(report: string, output: string | undefined): void {
  if (output === undefined) process.stdout.write(report)
  else writeFileSync(output, report)
}

function chosenPeers(tools: readonly string[] | undefined): Tool[] {
  return findPeers().filter(({ name }) => tools === undefined || tools.some((part) => name.includes(part)))
}

async function benchMounts({ folder, size, runs, tools, output, program }: BenchOptions): Promise<void> {
  const corpora = new Corpora({ folder, size })
  const small = warm(corpora.small())
  const large = { bytes: statSync(corpora.large()).size }
  const [loadBefore = 0] = loadavg()
  const chosen = chosenPeers(tools).filter(({ mounting }) => mounting !== undefined)
  const floor = findMountFloor()
  const all = [tidemark(program), ...chosen, ...(floor === undefined ? [] : [floor])]
  const [ours, ...others] = await compareMounts({ tools: all, corpora, folder, runs, say })
  if (ours === undefined) return
  const peers = others.slice(0, chosen.length)
  const facts = conditions({ small, large, runs, loadBefore, peers: peers.map(({ name }) => name) })
  keep(withMounts({ conditions: facts, ours, peers, floor: others[chosen.length] }, readReport(output)), output)
}

async function benchCare({ folder, size, runs, tools, output, program }: BenchOptions): Promise<void> {
  const corpora = new Corpora({ folder, size })
  const small = warm(corpora.small())
  const [loadBefore = 0] = loadavg()
  const all = [tidemark(program), ...chosenPeers(tools)].filter(({ care }) => care !== undefined)
  const [ours, ...peers] = await compareCare({ tools: all, corpora, folder, runs, say })
  if (ours === undefined) return
  const facts = conditions({ small, large: undefined, runs, loadBefore, peers: peers.map(({ name }) => name) })
  keep(withCare({ conditions: facts, ours, peers }, readReport(output)), output)
}

async function benchDrivers({ folder, size, runs, tools, output, program }: BenchOptions): Promise<void> {
  const corpora = new Corpora({ folder, size })
  const small = warm(corpora.small())
  const [loadBefore = 0] = loadavg()
  const peers = chosenPeers(tools).filter(({ remote }) => remote !== undefined)
  const scenarios = await compareDrivers({ tools: [tidemark(program), ...peers], corpora, folder, runs, say })
  const facts = conditions({ small, large: undefined, runs, loadBefore, peers: peers.map(({ name }) => name) })
  keep(withDrivers({ conditions: facts, scenarios }, readReport(output)), output)
}

async function benchGrowth({ folder, size, runs, output, program }: BenchOptions): Promise<void> {
  const corpora = new Corpora({ folder, size })
  const [loadBefore = 0] = loadavg()
  const growth = await measureGrowth({ tool: tidemark(program), corpora, folder, sizes: size.growth, runs, say })
  const facts = conditions({ small: undefined, large: undefined, runs, loadBefore, peers: undefined })
  keep(withGrowth({ conditions: facts, growth }, readReport(output)), output)
}

async function bench({ folder, size, runs, tools, output, program }: BenchOptions): Promise<void> {
  const ours = tidemark(program)
  const peers = chosenPeers(tools)
  const corpora = new Corpora({ folder, size })
  const small = warm(corpora.small())
  const large = { bytes: statSync(corpora.large()).size }
  const [loadBefore = 0] = loadavg()
  const index = measureIndex()
  const floor = findFloor()
  const all = [ours, ...peers, ...(floor === undefined ? [] : [floor])]
  const [ourResults, ...otherResults] = await compareTools({ tools: all, corpora, folder, runs, say })
  if (ourResults === undefined) return
  const facts = conditions({ small, large, runs, loadBefore, peers: peers.map(({ name }) => name) })
  const peerResults = otherResults.slice(0, peers.length)
  const findings = { conditions: facts, ours: ourResults, peers: peerResults, floor: otherResults[peers.length], index }
  keep(writeReport(findings, readReport(output)), output)
}

process.once('SIGINT', () => process.exit(130))
const options = readOptions(process.argv.slice(2))
if (options === undefined) process.stdout.write(USAGE)
else if (options.part === 'mount') await benchMounts(options)
else if (options.part === 'care') await benchCare(options)
else if (options.part === 'drivers') await benchDrivers(options)
else if (options.part === 'growth') await benchGrowth(options)
else await bench(options)
