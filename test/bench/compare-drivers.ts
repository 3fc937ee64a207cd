import { compareRestored } from './compare-contents.ts'
import { BenchServers, type ServerKind } from './bench-servers.ts'
import type { Corpora } from './corpora.ts'
import type { Measurement } from './measure.ts'
import { type Step, ToolResults } from './results.ts'
import type { Place, Tool } from './tool.ts'
import { warm } from './tree-files.ts'
import { measureAlone, WorkPlace } from './work-place.ts'

/** Added to everything that goes to a server or comes from it, in milliseconds. */
export const FAR_MS = 20

/** A server, near or far; or a folder of this machine, of Tidemark alone: what of its time is not the server's. */
export interface Scenario {
  readonly kind: ServerKind | 'folder'
  readonly delayMs: number
}

const SCENARIOS: readonly Scenario[] = [
  { kind: 'folder', delayMs: 0 },
  { kind: 'sftp', delayMs: 0 },
  { kind: 'sftp', delayMs: FAR_MS },
  { kind: 's3', delayMs: 0 },
  { kind: 's3', delayMs: FAR_MS },
]

type DriverStep = Extract<Step, 'first small' | 'unchanged' | 'restore'>

/** What was measured of one tool on a server. */
export class DriverResults extends ToolResults {
  /** Of the last run, where they can be counted. */
  readonly requests = new Map<Step, number>()
}

export interface ScenarioResults extends Scenario {
  /** Tidemark's first. */
  readonly results: readonly DriverResults[]
}

interface Options {
  /** Tidemark first. */
  readonly tools: readonly Tool[]
  readonly corpora: Corpora
  readonly folder: string
  readonly runs: number
  readonly say: (text: string) => void
}

/**
 * Measures every tool with repositories on servers, near and far, `runs` times, in turn. What the first run restores is
 * compared with its source.
 */
export async function compareDrivers(options: Options): Promise<ScenarioResults[]> {
  await using servers = await BenchServers.start()
  using work = new WorkPlace(options.folder)
  const all: ScenarioResults[] = []
  for (const scenario of SCENARIOS) {
    const tools = options.tools.filter((tool, i) =>
      scenario.kind === 'folder' ? i === 0 : servers.placeOn(scenario.kind, tool) !== undefined,
    )
    const results = tools.map((tool) => new DriverResults(tool))
    for (let run = 0; run < options.runs; run++) {
      options.say(`${scenario.kind}, ${scenario.delayMs} ms each way, run ${run + 1} of ${options.runs}`)
      await runScenario({ ...options, servers, work, scenario, tools, results, run })
    }
    all.push({ ...scenario, results })
  }
  return all
}

interface ScenarioRun extends Options {
  readonly servers: BenchServers
  readonly work: WorkPlace
  readonly scenario: Scenario
  readonly results: readonly DriverResults[]
  readonly run: number
}

/** Takes every tool through the life of one repository, step by step; each run begins with another tool. */
async function runScenario({ servers, work, scenario, tools, results, corpora, run, say }: ScenarioRun): Promise<void> {
  const source = corpora.small()
  const members: { readonly tool: Tool; readonly results: DriverResults; readonly place: Place }[] = []
  servers.setDelay(0)
  for (const [i, tool] of tools.entries()) {
    const measured = results[i]
    const move = scenario.kind === 'folder' ? undefined : servers.placeOn(scenario.kind, tool)
    if (measured !== undefined) members.push({ tool, results: measured, place: await work.open(tool, move) })
  }
  servers.setDelay(scenario.delayMs)
  members.push(...members.splice(0, run % members.length))
  const inTurn = async (step: DriverStep, act: (tool: Tool, place: Place) => Promise<Measurement>): Promise<void> => {
    for (const { tool, results: of, place } of members) {
      servers.takeRequests()
      const measured = await act(tool, place)
      of.add(step, measured)
      if (scenario.kind === 's3') of.requests.set(step, servers.takeRequests())
      say(`${step}: ${tool.name} ${(measured.wallMs / 1000).toFixed(2)} s`)
    }
  }
  warm(source)
  await inTurn('first small', async (tool, place) => measureAlone(tool.backup(place, { name: 'first', source })))
  await inTurn('unchanged', async (tool, place) => measureAlone(tool.backup(place, { name: 'second', source })))
  await inTurn('restore', async (tool, place) =>
    work.withTarget(async (target) => {
      const measured = await measureAlone(tool.restore(place, { name: 'second', source, target }))
      if (run === 0) compareRestored(source, target)
      return measured
    }),
  )
  for (const { place } of members) work.close(place)
}
