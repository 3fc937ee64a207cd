import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Dice } from '../simulation/dice.ts'
import { type CliPlace, resultOf } from '../support/cli.ts'
import { diskLines } from '../support/point-content.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

/** A killed program may have come so much further than one that went undisturbed took. */
const BEYOND_ITS_END = 1.15

/** How often each command is killed. */
export interface Kills {
  readonly backup: number
  readonly restore: number
}

/** A user whose programs are killed at random instants, and what the points must hold for all that. */
export class KilledUser {
  readonly #place: CliPlace
  readonly #dice: Dice
  /** What the source looked like, by the tag of the backup that saw it. */
  readonly #seen = new Map<string, readonly string[]>()
  #backups = 0

  constructor(place: CliPlace, seed: number) {
    this.#place = place
    this.#dice = new Dice(seed)
  }

  async live(kills: Kills): Promise<void> {
    await this.#place.init()
    this.#changeSource()
    const tookMs = await this.#time(() => this.#place.succeed(this.#backupWords()))
    for (let i = 0; i < kills.backup; i++) {
      this.#changeSource()
      await this.#kill(this.#backupWords(), tookMs)
    }
    await this.#place.succeed(this.#backupWords())
    for (let i = 0; i < kills.restore; i++) await this.#killRestore(tookMs)
    await this.#expectAllWhole()
  }

  #backupWords(): string[] {
    const tag = `seen-${++this.#backups}`
    this.#seen.set(tag, diskLines(this.#place.source))
    return ['backup', this.#place.source, '--tag', tag]
  }

  #changeSource(): void {
    const { source } = this.#place
    for (let i = 0; i < 4; i++) {
      const folder = join(source, `folder-${this.#dice.below(4)}`)
      mkdirSync(folder, { recursive: true })
      const bytes = patternBytes(this.#dice.below(300_000) + 1, this.#dice.below(1 << 30))
      writeFileSync(join(folder, `file-${this.#dice.below(12)}`), bytes)
    }
  }

  async #time(act: () => Promise<unknown>): Promise<number> {
    const startMs = performance.now()
    await act()
    return performance.now() - startMs
  }

  /** Lets a program run for a while, then kills it; one that was done before has simply ended. */
  async #kill(words: readonly string[], tookMs: number): Promise<void> {
    const child = this.#place.start(words)
    child.stdin.end()
    const ended = resultOf(child)
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#dice.fraction() * tookMs * BEYOND_ITS_END)
    const { code, stderr } = await ended
    clearTimeout(timer)
    // Killed, or done; nothing that an earlier victim left behind makes it fail.
    expect([null, 0], stderr).toContain(code)
  }

  /** Kills a restore, and has the next one finish it. */
  async #killRestore(tookMs: number): Promise<void> {
    const target = join(this.#place.folder, 'target')
    const words = ['restore', `latest:${this.#place.source}`, '--target', target, '--overwrite', 'always']
    await this.#kill(words, tookMs)
    await this.#place.succeed(words)
    expect(diskLines(target)).toEqual(diskLines(this.#place.source))
    rmSync(target, { recursive: true })
  }

  async #expectAllWhole(): Promise<void> {
    const { stdout } = await this.#place.succeed(['points', '--json'])
    const points = JSON.parse(stdout) as { readonly point: string; readonly tags: readonly string[] }[]
    // What restores kept of the target makes points as well.
    const backups = points.filter(({ tags }) => this.#seen.has(tags[0] ?? ''))
    expect(backups.length).toBeGreaterThan(1)
    expect(points.every(({ tags }) => tags.includes('undo') || this.#seen.has(tags[0] ?? ''))).toBe(true)
    for (const { point, tags } of backups) {
      const target = join(this.#place.folder, 'target')
      await this.#place.succeed(['restore', `${point}:${this.#place.source}`, '--target', target])
      expect(diskLines(target)).toEqual(this.#seen.get(tags[0] ?? ''))
      rmSync(target, { recursive: true })
    }
  }
}
