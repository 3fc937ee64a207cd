import { compareRestored } from './compare-contents.ts'
import { MILLION } from './corpus-size.ts'
import { medianOf } from './results.ts'
import { warm } from './tree-files.ts'
import { measureAlone, WorkPlace } from './work-place.ts'
import type { Corpora } from './corpora.ts'
import type { Measurement } from './measure.ts'
import type { Tool } from './tool.ts'

/** What a number of files costs. */
export interface Growth {
  readonly files: number
  readonly first: Measurement
  readonly unchanged: Measurement
  readonly restore: Measurement
}

/** Measures how the cost of `tool` grows with the number of files. The largest corpus is measured once. */
export async function measureGrowth(options: {
  readonly tool: Tool
  readonly corpora: Corpora
  readonly folder: string
  readonly sizes: readonly number[]
  readonly runs: number
  readonly say: (text: string) => void
}): Promise<Growth[]> {
  const { tool, corpora } = options
  const result: Growth[] = []
  using work = new WorkPlace(options.folder)
  for (const files of options.sizes) {
    const source = corpora.growth(files)
    warm(source)
    const measured = { first: [] as Measurement[], unchanged: [] as Measurement[], restore: [] as Measurement[] }
    for (let run = 0; run < (files >= MILLION ? 1 : options.runs); run++) {
      const place = await work.open(tool)
      measured.first.push(await measureAlone(tool.backup(place, { name: 'first', source })))
      measured.unchanged.push(await measureAlone(tool.backup(place, { name: 'second', source })))
      await work.withTarget(async (target) => {
        measured.restore.push(await measureAlone(tool.restore(place, { name: 'second', source, target })))
        if (run === 0) compareRestored(source, target)
      })
      work.close(place)
      options.say(`${files} files, run ${run + 1}`)
    }
    const [first, unchanged, restore] = [
      medianOf(measured.first),
      medianOf(measured.unchanged),
      medianOf(measured.restore),
    ]
    if (first && unchanged && restore) result.push({ files, first, unchanged, restore })
  }
  return result
}
