import { compareRestored } from './compare-contents.ts'
import { ToolResults } from './results.ts'
import { changeFiles, treeBytes, warm } from './tree-files.ts'
import { measureAlone, WorkPlace } from './work-place.ts'
import type { Corpora } from './corpora.ts'
import type { Step } from './results.ts'
import type { Place, Tool } from './tool.ts'

interface Member {
  readonly tool: Tool
  readonly results: ToolResults
  readonly place: Place
}

interface RunOptions {
  readonly work: WorkPlace
  readonly corpora: Corpora
  readonly tools: readonly { readonly tool: Tool; readonly results: ToolResults }[]
  readonly run: number
  readonly say: (text: string) => void
}

/** Backs up the large file with every tool, each into a repository of its own. */
async function runLarge({ work, corpora, tools, say }: RunOptions): Promise<void> {
  const source = corpora.large()
  for (const { tool, results } of tools) {
    const place = await work.open(tool)
    warm(source)
    const measured = await measureAlone(tool.backup(place, { name: 'first', source }))
    say(`first large: ${tool.name} ${(measured.wallMs / 1000).toFixed(2)} s`)
    results.add('first large', measured)
    work.close(place)
  }
}

/** Takes every tool through the life of one repository, step by step, so that all meet the machine in one state. */
async function runSmall({ work, corpora, tools, run, say }: RunOptions): Promise<void> {
  const source = corpora.small()
  const members: Member[] = []
  for (const { tool, results } of tools) members.push({ tool, results, place: await work.open(tool) })
  const backUp = async (step: Step, name: string): Promise<void> => {
    for (const { tool, results, place } of members) {
      // Pages that others left idle may be gone from the cache.
      if (step === 'first small') warm(source)
      const measured = await measureAlone(tool.backup(place, { name, source }))
      say(`${step}: ${tool.name} ${(measured.wallMs / 1000).toFixed(2)} s`)
      results.add(step, measured)
    }
  }
  await backUp('first small', 'first')
  for (const { results, place } of members) results.repositoryBytes.push(treeBytes(place.repository))
  await backUp('unchanged', 'second')
  for (const { tool, results, place } of members) {
    await work.withTarget(async (target) => {
      const measured = await measureAlone(tool.restore(place, { name: 'second', source, target }))
      say(`restore: ${tool.name} ${(measured.wallMs / 1000).toFixed(2)} s`)
      results.add('restore', measured)
      if (run === 0) compareRestored(source, target)
    })
  }
  const confirmUnchanged = corpora.markSmallChanged()
  const revert = changeFiles(source, `change ${run}`)
  try {
    await backUp('changed', 'third')
  } finally {
    revert()
    confirmUnchanged()
  }
  for (const { place } of members) work.close(place)
}

/**
 * Measures every tool on the small and the large corpus, `runs` times, in turn: each run begins with another tool.
 * What the first run restores is compared with its source.
 */
export async function compareTools(options: {
  readonly tools: readonly Tool[]
  readonly corpora: Corpora
  readonly folder: string
  readonly runs: number
  readonly say: (text: string) => void
}): Promise<ToolResults[]> {
  const { corpora, runs, say } = options
  const members = options.tools.map((tool) => ({ tool, results: new ToolResults(tool) }))
  using work = new WorkPlace(options.folder)
  for (let run = 0; run < runs; run++) {
    say(`run ${run + 1} of ${runs}`)
    const first = run % members.length
    const tools = [...members.slice(first), ...members.slice(0, first)]
    await runSmall({ work, corpora, tools, run, say })
    await runLarge({ work, corpora, tools, run, say })
  }
  return members.map(({ results }) => results)
}
