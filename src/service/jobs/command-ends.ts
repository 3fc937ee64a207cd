import { constants, lstatSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import type { Clock } from '../../base/clock.ts'
import { errnoOf, StorageError } from '../../base/errors.ts'
import { makeFolders } from '../../base/make-folders.ts'
import { readPrivateFile } from '../private-file.ts'
import type { Json } from './job.ts'
import { parseEvent } from './parse-event.ts'

/** Its summary and what went wrong, each at most as long as a line of a command may be. */
const BYTES_MAX = 4 << 20
/** Longer than any run takes. What is older is of a job that no store knows any more: its own was damaged, and put aside. */
const AGE_MS_MAX = 90 * 24 * 3_600_000

/** How a command said that it ended. */
export interface KeptEnd {
  readonly exitCode: number
  /** Its last events `summary` and `error`. */
  readonly events: readonly Readonly<Record<string, Json>>[]
}

/**
 * Files that commands write as they end (`--end-fd`): what a worker that was killed in the meantime would have read from
 * their output, the next one reads there.
 */
export class CommandEnds {
  readonly #directory: string
  readonly #clock: Clock

  constructor(stateDirectory: string, clock: Clock) {
    this.#directory = join(stateDirectory, 'ends')
    this.#clock = clock
  }

  /**
   * Makes an empty file for the command of a run, in the place of any other of that name, which may still be written by a
   * process of an earlier store. Returns its descriptor, which the caller closes; `undefined` where none can be made: how
   * it ends is known then to whoever reads its output.
   */
  open(run: string): number | undefined {
    try {
      makeFolders(this.#directory, 0o700)
      this.#removeOld()
      rmSync(this.#pathOf(run), { force: true })
      return openSync(this.#pathOf(run), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      return undefined
    }
  }

  /** Returns how the command of a run ended; `undefined` where it did not come to say so. */
  read(run: string): KeptEnd | undefined {
    const lines = this.#textOf(run).split('\n')
    const events = lines.map(parseEvent).filter((event) => event !== undefined)
    const exitCode = events.find(({ type }) => type === 'end')?.['exitCode']
    // Written last: without it, the rest may be torn.
    if (typeof exitCode !== 'number' || !Number.isInteger(exitCode)) return undefined
    return { exitCode, events: events.filter(({ type }) => type !== 'end') }
  }

  /** Removes what is known of the end of a run. */
  forget(run: string): void {
    try {
      rmSync(this.#pathOf(run), { force: true })
    } catch (error) {
      // It is in nobody's way: no other run has this name, and `open` begins anew.
      if (errnoOf(error) === undefined) throw error
    }
  }

  #removeOld(): void {
    const oldMs = this.#clock.nowMs() - AGE_MS_MAX
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name)
      const info = lstatSync(path, { throwIfNoEntry: false })
      if (info?.isFile() === true && info.mtimeMs < oldMs) rmSync(path, { force: true })
    }
  }

  #pathOf(run: string): string {
    return join(this.#directory, `${run}.end`)
  }

  #textOf(run: string): string {
    try {
      return Buffer.from(readPrivateFile(this.#pathOf(run), BYTES_MAX) ?? []).toString('utf8')
    } catch (error) {
      // What cannot be read says nothing: the command is run again.
      if (error instanceof StorageError) return ''
      throw error
    }
  }
}
