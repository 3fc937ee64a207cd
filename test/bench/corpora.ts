import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { CorpusSize } from './corpus-size.ts'
import { buildGrowthCorpus } from './growth-corpus.ts'
import { buildLargeCorpus } from './large-corpus.ts'
import { buildSmallCorpus } from './small-corpus.ts'

/** Changes when corpora are built another way: those of before are built again. */
const CORPUS_VERSION = 1

/** Corpora in a folder that outlives the runs. Each is built when it is first asked for. */
export class Corpora {
  readonly #folder: string
  readonly #size: CorpusSize

  constructor(options: { readonly folder: string; readonly size: CorpusSize }) {
    this.#folder = options.folder
    this.#size = options.size
    mkdirSync(options.folder, { recursive: true })
  }

  /** Returns the path of the corpus of many small files. */
  small(): string {
    const { files, folders, bytes } = this.#size
    return this.#built('small', { files, folders, bytes }, (path) => buildSmallCorpus(path, this.#size))
  }

  /** Returns the path of the corpus that is one large file. */
  large(): string {
    const bytes = this.#size.largeBytes
    return this.#built('large.bin', { bytes }, (path) => buildLargeCorpus(path, bytes))
  }

  /** Returns the path of the corpus of `files` seeded files. */
  growth(files: number): string {
    return this.#built(`growth-${files}`, { files }, (path) => buildGrowthCorpus(path, files))
  }

  /** Makes the next run build the small corpus again, unless the returned function was called. */
  markSmallChanged(): () => void {
    const mark = this.#mark('small')
    const content = readFileSync(mark)
    rmSync(mark)
    return () => writeFileSync(mark, content)
  }

  #mark(name: string): string {
    return join(this.#folder, `${name}.ready`)
  }

  #built(name: string, parameters: object, build: (path: string) => void): string {
    const path = join(this.#folder, name)
    const mark = this.#mark(name)
    const wanted = JSON.stringify({ version: CORPUS_VERSION, ...parameters })
    if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return path
    rmSync(mark, { force: true })
    rmSync(path, { recursive: true, force: true })
    process.stderr.write(`Building the corpus ${name}\n`)
    build(path)
    writeFileSync(mark, wanted)
    return path
  }
}
