import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

import { METHOD } from './measure.ts'

/** Returns what the reader of the figures has to know of the machine and the run: no names of hosts, no paths. */
export function conditions(options: {
  /** `undefined` where it was not used. */
  readonly small: { readonly files: number; readonly bytes: number } | undefined
  /** `undefined` where it was not used. */
  readonly large: { readonly bytes: number } | undefined
  readonly runs: number
  /** Processes that were running or waiting to, on average, before the first was measured. */
  readonly loadBefore: number
  /** `undefined` where Tidemark is measured alone. */
  readonly peers: readonly string[] | undefined
}): string[] {
  const { small, large, runs, peers } = options
  const [load = 0] = loadavg()
  return [
    `${new Date().toISOString().slice(0, 10)}; ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ` +
      `${(totalmem() / 2 ** 30).toFixed(0)} GiB of memory, ${process.platform}, Node ${process.versions.node}; ` +
      `load of the machine: ${options.loadBefore.toFixed(1)} when it began, ${load.toFixed(1)} when it ended.`,
    ...(peers === undefined ? [] : [aboutPeers(peers)]),
    ...(small === undefined ? [] : [`${aboutSmall(small)}${large === undefined ? '' : aboutLarge(large.bytes)}`]),
    `${runs} run${runs === 1 ? '' : 's'} of each, interleaved; cold process, own home, cache and repository, source in ` +
      `the page cache, key derivation included. Processor time and peak memory by ${METHOD}. What the first run ` +
      'restored was compared with its source.',
  ]
}

function aboutPeers(peers: readonly string[]): string {
  return `Compared with ${peers.length === 0 ? 'nothing: no other tool was found' : peers.join(', ')}.`
}

function aboutSmall({ files, bytes }: { readonly files: number; readonly bytes: number }): string {
  return (
    `Small: ${files} files, ${megabytesOf(bytes)} MB: copies of headers, Python and node_modules of the ` +
    'machine, and seeded documents and icons.'
  )
}

function aboutLarge(bytes: number): string {
  return ` Large: one file of ${megabytesOf(bytes)} MB, a third of it random, the rest text.`
}

function megabytesOf(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
