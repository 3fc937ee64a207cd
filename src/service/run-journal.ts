import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { toHex, utf8 } from '../base/bytes.ts'
import { errnoOf } from '../base/errors.ts'
import { isRunning, ownIdentity, type ProcessIdentity } from '../base/process-identity.ts'
import type { Randomness } from '../base/random.ts'
import type { JournalEntry, RunJournal } from '../engine/run/run-journal.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'

const ENTRY_BYTES_MAX = 1 << 16
const NAME = /^[0-9a-f]{32}\.json$/

/** A run whose process ended without a word. */
export interface CrashedRun extends JournalEntry {
  /** Forgets it, once its source is settled. */
  readonly end: () => Promise<void>
}

/**
 * Remembers runs in the state directory, one file each, so that what a crash left half-done (an application in
 * maintenance mode) is put right at the next start.
 */
export class FileRunJournal implements RunJournal {
  readonly #folder: string
  readonly #randomness: Randomness

  constructor(stateDirectory: string, randomness: Randomness) {
    this.#folder = join(stateDirectory, 'runs')
    this.#randomness = randomness
  }

  /** Notes, durably, that a run begins. The function returned notes that it ended, its source settled. */
  async begin(entry: JournalEntry): Promise<() => Promise<void>> {
    const path = join(this.#folder, `${toHex(this.#randomness.bytes(16))}.json`)
    writePrivateFile(path, utf8(JSON.stringify({ ...entry, process: ownIdentity() })))
    return async () => {
      rmSync(path, { force: true })
    }
  }

  /** Returns the runs of processes that are no more. Files that are no journal of ours say nothing. */
  async pending(): Promise<CrashedRun[]> {
    const crashed: CrashedRun[] = []
    for (const name of this.#names()) {
      const path = join(this.#folder, name)
      const entry = decode(readPrivateFile(path, ENTRY_BYTES_MAX))
      if (entry === undefined || isRunning(entry.process)) continue
      const { source, fields } = entry
      const end = async (): Promise<void> => {
        rmSync(path, { force: true })
      }
      crashed.push({ source, fields, end })
    }
    return crashed
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder).filter((name) => NAME.test(name))
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw error
    }
  }
}

function decode(bytes: Uint8Array | undefined): (JournalEntry & { readonly process: ProcessIdentity }) | undefined {
  if (bytes === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
  const { source, fields, process } = record(value)
  const { pid, started } = record(process)
  if (typeof source !== 'string' || typeof started !== 'string') return undefined
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined
  const texts = Object.entries(record(fields)).filter(
    (field): field is [string, string] => typeof field[1] === 'string',
  )
  return { source, fields: Object.fromEntries(texts), process: { pid, started } }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
