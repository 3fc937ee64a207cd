import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

import { compareContents } from './compare-contents.ts'
import type { Corpora } from './corpora.ts'
import { walk } from './machine-trees.ts'
import { measure, type Measurement } from './measure.ts'
import { MountedTool } from './mounted-tool.ts'
import { type MountStep, ToolResults } from './results.ts'
import { SeededBytes } from './seeded-bytes.ts'
import type { Mounting, Place, Tool } from './tool.ts'
import { warm } from './tree-files.ts'
import { WorkPlace } from './work-place.ts'

const SMALL_FILES = 2000
const SMALL_FILE_BYTES_MAX = 64 << 10
const RANDOM_READS = 400
const RANDOM_READ_BYTES = 4096
/** What the folders to be copied are to hold, about. */
const COPIED_FILES = 3500
const COPIED_WITH_ATTRIBUTES_FILES = 10_000

/** What is read of the mounts, chosen from the corpora: paths below the small one. */
interface Choice {
  /** Files that follow each other in the tree, and files from all over it. */
  readonly neighbours: readonly string[]
  readonly scattered: readonly string[]
  readonly folder: string
  readonly largerFolder: string
  readonly offsets: readonly number[]
}

interface Member {
  readonly tool: Tool
  readonly mounting: Mounting
  readonly place: Place
  readonly results: ToolResults
}

type Add = (step: MountStep, measured: Measurement) => void

/**
 * Measures every tool's mount of the small and the large corpus, `runs` times, in turn. What the first run reads is
 * compared with its source.
 */
export async function compareMounts(options: {
  readonly tools: readonly Tool[]
  readonly corpora: Corpora
  readonly folder: string
  readonly runs: number
  readonly say: (text: string) => void
}): Promise<ToolResults[]> {
  const { corpora, runs, say } = options
  const sources = { small: corpora.small(), large: corpora.large() }
  warm(sources.small)
  warm(sources.large)
  const choice = choose(sources)
  using work = new WorkPlace(options.folder)
  const members: Member[] = []
  for (const tool of options.tools) {
    if (tool.mounting === undefined) continue
    const place = await work.open(tool)
    for (const [name, source] of Object.entries(sources)) await measure(tool.backup(place, { name, source }))
    members.push({ tool, mounting: tool.mounting, place, results: new ToolResults(tool) })
  }
  for (let run = 0; run < runs; run++) {
    const first = run % members.length
    for (const member of [...members.slice(first), ...members.slice(0, first)]) {
      const add: Add = (step, measured) => {
        say(`${step}: ${member.tool.name} ${(measured.wallMs / 1000).toFixed(2)} s`)
        member.results.add(step, measured)
      }
      await runMember(member, { choice, sources, work, add, isCompared: run === 0 })
    }
  }
  return members.map(({ results }) => results)
}

interface MemberRun {
  readonly choice: Choice
  readonly sources: { readonly small: string; readonly large: string }
  readonly work: WorkPlace
  readonly add: Add
  readonly isCompared: boolean
}

/** Takes one tool's mount through everything; each group of steps begins with a mount that has read nothing. */
async function runMember(member: Member, run: MemberRun): Promise<void> {
  const peaks = [await readSmall(member, run), await readLarge(member, run), await copyFolders(member, run)]
  const peakBytes = Math.max(...peaks)
  run.add('whole mount', { wallMs: 0, cpuMs: 0, peakBytes })
  if (member.tool.name !== 'Tidemark') return
  const source = join(run.sources.small, run.choice.largerFolder)
  await run.work.withTarget(async (target) => {
    run.add('restore folder', await measure(member.tool.restore(member.place, { name: 'small', source, target })))
  })
}

async function readSmall(
  { mounting, place }: Member,
  { choice, sources, add, isCompared }: MemberRun,
): Promise<number> {
  const start = process.hrtime.bigint()
  await using mounted = new MountedTool(mounting, place)
  const root = await mounted.find(sources.small)
  readdirSync(root)
  add('mount and list', { wallMs: Number(process.hrtime.bigint() - start) / 1e6, ...mounted.usage })
  add(
    'walk',
    mounted.measure(() => execFileSync('find', [root, '-printf', '%s %T@\\n'], { stdio: 'ignore' })),
  )
  const read = (paths: readonly string[]): Measurement => {
    const input = paths.map((path) => join(root, path)).join('\0')
    const words = ['-0', 'cat', '--']
    return mounted.measure(() => execFileSync('xargs', words, { input, stdio: ['pipe', 'ignore', 'inherit'] }))
  }
  add('small files', read(choice.neighbours))
  add('scattered files', read(choice.scattered))
  if (isCompared) compareContents(join(sources.small, choice.folder), join(root, choice.folder))
  return mounted.usage.peakBytes
}

async function readLarge(
  { mounting, place }: Member,
  { choice, sources, add, isCompared }: MemberRun,
): Promise<number> {
  await using mounted = new MountedTool(mounting, place)
  const file = await mounted.find(sources.large)
  add(
    'random reads',
    mounted.measure(() => readAt(file, choice.offsets)),
  )
  const cat = (): unknown => execFileSync('cat', [file], { stdio: 'ignore' })
  add('cat', mounted.measure(cat))
  add('cat again', mounted.measure(cat))
  if (isCompared) execFileSync('cmp', [sources.large, file])
  return mounted.usage.peakBytes
}

async function copyFolders({ mounting, place }: Member, { choice, sources, work, add }: MemberRun): Promise<number> {
  await using mounted = new MountedTool(mounting, place)
  const root = await mounted.find(sources.small)
  await work.withTarget(async (target) => {
    const copy = (folder: string, flag: string): Measurement =>
      mounted.measure(() => execFileSync('cp', [flag, '--', join(root, folder), target]))
    add('copy folder', copy(choice.folder, '-r'))
  })
  await work.withTarget(async (target) => {
    const words = ['-a', '--', join(root, choice.largerFolder), target]
    add(
      'copy attributes',
      mounted.measure(() => execFileSync('cp', words)),
    )
  })
  return mounted.usage.peakBytes
}

function readAt(file: string, offsets: readonly number[]): void {
  const bytes = new Uint8Array(RANDOM_READ_BYTES)
  const descriptor = openSync(file, 'r')
  try {
    for (const offset of offsets) readSync(descriptor, bytes, 0, bytes.byteLength, offset)
  } finally {
    closeSync(descriptor)
  }
}

function choose({ small, large }: { readonly small: string; readonly large: string }): Choice {
  const files: string[] = []
  const counts = new Map<string, number>()
  walk(small, (path, kind) => {
    if (kind !== 'file') return true
    const inside = relative(small, path)
    if (statSync(path).size <= SMALL_FILE_BYTES_MAX) files.push(inside)
    const names = inside.split('/').slice(0, -1)
    for (let depth = 1; depth <= names.length; depth++) {
      const folder = names.slice(0, depth).join('/')
      counts.set(folder, (counts.get(folder) ?? 0) + 1)
    }
    return true
  })
  const middle = Math.floor(files.length / 2)
  const step = Math.ceil(files.length / SMALL_FILES)
  const random = new SeededBytes('random reads')
  const last = statSync(large).size - RANDOM_READ_BYTES
  return {
    neighbours: files.slice(middle, middle + SMALL_FILES),
    scattered: files.filter((_, i) => i % step === 0),
    folder: nearest(counts, COPIED_FILES),
    largerFolder: nearest(counts, COPIED_WITH_ATTRIBUTES_FILES),
    offsets: Array.from({ length: RANDOM_READS }, () => random.below(last)),
  }
}

/** Returns the folder that holds nearest to `wanted` files. */
function nearest(counts: ReadonlyMap<string, number>, wanted: number): string {
  let best = ''
  let distance = Infinity
  for (const [folder, count] of counts) {
    if (Math.abs(count - wanted) >= distance) continue
    best = folder
    distance = Math.abs(count - wanted)
  }
  return best
}
