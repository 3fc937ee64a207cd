import { measure } from './measure.ts'
import { type CareStep, ToolResults } from './results.ts'
import { changeFiles, warm } from './tree-files.ts'
import { measureAlone, WorkPlace } from './work-place.ts'
import type { Corpora } from './corpora.ts'
import type { Command } from './measure.ts'
import type { Care, Place, Tool } from './tool.ts'

/** Backups in the repository that is looked after; half of them are forgotten. */
const BACKUPS = 6

interface Member {
  readonly tool: Tool
  readonly care: Care
  readonly results: ToolResults
}

/**
 * Measures how every tool that can looks after a repository of several backups of the small corpus, between which one
 * file in a hundred changed; `runs` times, in turn.
 */
export async function compareCare(options: {
  readonly tools: readonly Tool[]
  readonly corpora: Corpora
  readonly folder: string
  readonly runs: number
  readonly say: (text: string) => void
}): Promise<ToolResults[]> {
  const { corpora, runs, say } = options
  const members = options.tools.flatMap((tool): Member[] => {
    return tool.care === undefined ? [] : [{ tool, care: tool.care, results: new ToolResults(tool) }]
  })
  using work = new WorkPlace(options.folder)
  for (let run = 0; run < runs; run++) {
    say(`run ${run + 1} of ${runs}`)
    const places = new Map<Member, Place>()
    for (const member of members) places.set(member, await work.open(member.tool))
    await fill(places, corpora, run)
    const first = run % members.length
    for (const member of [...members.slice(first), ...members.slice(0, first)]) {
      const place = places.get(member)
      if (place === undefined) continue
      const add = async (step: CareStep, command: Command): Promise<void> => {
        const measured = await measureAlone(command)
        say(`${step}: ${member.tool.name} ${(measured.wallMs / 1000).toFixed(2)} s`)
        member.results.add(step, measured)
      }
      await lookAfter(member, place, { work, source: corpora.small(), add })
      work.close(place)
    }
  }
  return members.map(({ results }) => results)
}

/** Makes the backups of all tools, of the same states of the source. */
async function fill(places: ReadonlyMap<Member, Place>, corpora: Corpora, run: number): Promise<void> {
  const source = corpora.small()
  warm(source)
  const confirmUnchanged = corpora.markSmallChanged()
  const reverts: (() => void)[] = []
  try {
    for (let n = 0; n < BACKUPS; n++) {
      if (n > 0) reverts.push(changeFiles(source, `care ${run} ${n}`))
      for (const [{ tool }, place] of places) await measure(tool.backup(place, { name: `backup-${n}`, source }))
    }
  } finally {
    for (const revert of reverts.reverse()) revert()
    confirmUnchanged()
  }
}

async function lookAfter(
  { tool, care }: Member,
  place: Place,
  {
    work,
    source,
    add,
  }: {
    readonly work: WorkPlace
    readonly source: string
    readonly add: (step: CareStep, command: Command) => Promise<void>
  },
): Promise<void> {
  await add('check', care.check(place))
  await add('check data', care.checkData(place))
  if (tool.name === 'Tidemark') {
    await work.withTarget(async (target) => {
      await add('restore all', tool.restore(place, { name: `backup-${BACKUPS - 1}`, source, target }))
    })
  }
  await add('forget and prune', care.forgetAndPrune(place, BACKUPS / 2))
  // Whatever was freed, what is left is whole.
  await measure(care.checkData(place))
}
