import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { DRIVERS_SIZE, FULL_SIZE, QUICK_SIZE } from './corpus-size.ts'
import type { CorpusSize } from './corpus-size.ts'

const PROJECT = join(import.meta.dirname, '../..')

export const USAGE = `npm run bench [mount|care|drivers|growth] -- [options]
  mount              mounts alone: their part of the report is written anew, the rest kept
  care               the same for check, forget and prune
  drivers            the same for repositories on an SSH and an S3 server of this machine, near and far
  growth             the same for how the cost of Tidemark grows, up to a million files
  --corpus DIR       where corpora are kept between runs, and repositories during one
  --runs N           how often each is measured (3)
  --tools A,B        only peers whose names contain one of these; "none" for Tidemark alone
  --quick            small corpora; the report is printed and not kept
  --output FILE      where the report goes (docs/benchmarks.md)
  --program FILE     the built program (dist/tidemark.js)
`

const PARTS = ['mount', 'care', 'drivers', 'growth'] as const
type Part = (typeof PARTS)[number]

export interface BenchOptions {
  /** What is measured alone. */
  readonly part: Part | undefined
  readonly folder: string
  readonly size: CorpusSize
  readonly runs: number
  /** Parts of names of peers; `undefined` for all. */
  readonly tools: readonly string[] | undefined
  /** The file of the report; `undefined` to print it. */
  readonly output: string | undefined
  readonly program: string
}

/** Reads the arguments of the bench; returns `undefined` when help is asked for. Throws when they make no sense. */
export function readOptions(words: readonly string[]): BenchOptions | undefined {
  const { positionals, values } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      corpus: { type: 'string', default: join(tmpdir(), 'tidemark-bench') },
      runs: { type: 'string' },
      tools: { type: 'string' },
      quick: { type: 'boolean', default: false },
      output: { type: 'string' },
      program: { type: 'string', default: join(PROJECT, 'dist', 'tidemark.js') },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const [word, ...others] = positionals
  const part = PARTS.find((known) => known === word)
  if (word !== undefined && (part === undefined || others.length > 0))
    throw new Error(`the parts are ${PARTS.join(', ')}`)
  const { quick } = values
  const runs = Number(values.runs ?? (quick ? 1 : 3))
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs is a number of 1 or more')
  const size = quick ? QUICK_SIZE : part === 'drivers' ? DRIVERS_SIZE : FULL_SIZE
  return {
    part,
    folder: quick ? join(values.corpus, 'quick') : part === 'drivers' ? join(values.corpus, part) : values.corpus,
    size,
    runs,
    tools: values.tools?.split(','),
    output: values.output ?? (quick ? undefined : join(PROJECT, 'docs', 'benchmarks.md')),
    program: values.program,
  }
}
