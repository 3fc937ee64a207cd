import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { Dice } from '../simulation/dice.ts'
import { CliMount, mountFolder } from '../support/cli-mount.ts'
import { type CliPlace, resultOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { diskLines } from '../support/point-content.ts'

/**
 * Reads everything again and again, with a shell that stands in the mount, until that fails. What was read once the kernel
 * may go on to give out of its memory; about the file system (`stat -f`) it always asks.
 */
const READ_ON = 'cd "$1" && while find . -type f -exec cat {} + && stat -f .; do :; done >/dev/null 2>&1; exit 7'
/** So long a mount is read at most before it is killed, and is given to begin before it is killed without readers. */
const KILLED_WITHIN_MS = 400

/** A user whose mounts are killed at random instants, half of them while somebody reads there. */
export class KilledMounts {
  readonly #place: CliPlace
  readonly #dice: Dice
  #holder: ChildProcess | undefined

  constructor(place: CliPlace, seed: number) {
    this.#place = place
    this.#dice = new Dice(seed)
  }

  /** Kills mounts of one folder; after all of them the next one works, and nothing in the repository speaks of them. */
  async live(kills: number): Promise<void> {
    const place = this.#place
    await place.init()
    for (let i = 0; i < 2; i++) {
      this.#changeSource()
      await place.succeed(['backup', place.source])
    }
    for (let i = 0; i < kills; i++) await (i % 2 === 1 ? this.#killEarly() : this.#killWithReaders())
    // A dead mount keeps no prune from its work, and a prune takes nothing from the one that takes its place.
    await place.succeed(['forget', 'latest~1'])
    await place.succeed(['prune'])
    const mount = await CliMount.open(place)
    expect(diskLines(mount.path('latest', place.source))).toEqual(diskLines(place.source))
    await place.succeed(['prune'])
    expect(diskLines(mount.path('points', mount.points()[0] ?? '', place.source))).toEqual(diskLines(place.source))
    expect((await mount.end()).code).toBe(0)
    expect(readdirSync(join(place.repository, 'runs'))).toEqual([])
    await place.succeed(['check', '--read-data'])
  }

  #changeSource(): void {
    for (let i = 0; i < 20; i++) {
      const folder = join(this.#place.source, `folder-${this.#dice.below(4)}`)
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, `file-${i}`), patternBytes(this.#dice.below(300_000) + 1, this.#dice.below(1 << 30)))
    }
  }

  async #killWithReaders(): Promise<void> {
    const mount = await CliMount.open(this.#place)
    this.#holder?.kill('SIGKILL')
    // Who only stands there keeps the dead mount from being taken away, and must not keep the next one from taking its place.
    const holder = (this.#holder = spawn('sleep', ['600'], { cwd: mount.path('latest'), stdio: 'ignore' }))
    onTestFinished(() => void holder.kill('SIGKILL'))
    const readers = Array.from({ length: 3 }, () => startReader(mount.path('latest', this.#place.source)))
    const ends = Promise.all(readers.map(async (reader) => once(reader, 'exit')))
    await wait(this.#dice.fraction() * KILLED_WITHIN_MS)
    await mount.end('SIGKILL')
    // Whoever reads there is told, and does not wait for ever.
    expect(await ends).toEqual(readers.map(() => [7, null]))
  }

  /** At any instant, also before anything is mounted. */
  async #killEarly(): Promise<void> {
    const child = this.#place.start(['mount', mountFolder(this.#place)])
    const ended = resultOf(child)
    await wait(this.#dice.fraction() * KILLED_WITHIN_MS)
    child.kill('SIGKILL')
    expect((await ended).code).toBe(null)
  }
}

function startReader(folder: string): ChildProcess {
  const reader = spawn('sh', ['-c', READ_ON, 'sh', folder], { stdio: 'ignore' })
  onTestFinished(() => void reader.kill('SIGKILL'))
  return reader
}
