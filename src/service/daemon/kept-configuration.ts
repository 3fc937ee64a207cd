import { join } from 'node:path'

import { z } from 'zod'

import { utf8 } from '../../base/bytes.ts'
import { TidemarkError } from '../../base/errors.ts'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'

/** A configuration has up to 1 MiB, each character of which JSON may need six for. */
const KEPT_BYTES_MAX = 8 << 20

const keptSchema = z.object({ file: z.string(), text: z.string() })

export interface KeptConfigurationOptions {
  readonly stateDirectory: string
  /** The configuration file: what is kept of another one counts as nothing. */
  readonly file: string
  /** Told of what cannot be read or written: nothing is kept then, and all else goes on. */
  readonly onProblem: (problem: TidemarkError) => void
}

/** What the configuration file said when it was right last, in `configuration.json` of the state folder, for its owner alone. */
export class KeptConfiguration {
  readonly #options: KeptConfigurationOptions
  readonly #path: string

  constructor(options: KeptConfigurationOptions) {
    this.#options = options
    this.#path = join(options.stateDirectory, 'configuration.json')
  }

  /** Returns the text that was kept last; `undefined` when there is none. */
  load(): string | undefined {
    const bytes = this.#safely(() => readPrivateFile(this.#path, KEPT_BYTES_MAX))
    if (bytes === undefined) return undefined
    const kept = keptSchema.safeParse(jsonOf(bytes))
    return kept.success && kept.data.file === this.#options.file ? kept.data.text : undefined
  }

  save(text: string): void {
    const { file } = this.#options
    this.#safely(() => writePrivateFile(this.#path, utf8(JSON.stringify({ file, text }))))
  }

  #safely<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      this.#options.onProblem(error)
      return undefined
    }
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}
