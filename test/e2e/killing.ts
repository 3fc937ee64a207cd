import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Dice } from '../simulation/dice.ts'
import { type CliPlace, resultOf, summaryOf } from '../support/cli.ts'
import { diskLines } from '../support/point-content.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

/** A killed program may have come so much further than one that went undisturbed took. */
const BEYOND_ITS_END = 1.15

/** How often each command is killed. */
export interface Kills {
  readonly backup: number
  readonly restore: number
  readonly forget: number
  readonly prune: number
  readonly undo: number
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
    for (let i = 0; i < kills.forget; i++) await this.#killForget(tookMs)
    for (let i = 0; i < kills.prune; i++) await this.#killPrune(tookMs)
    for (let i = 0; i < kills.undo; i++) await this.#killUndo(tookMs)
    await this.#place.succeed(['check', '--read-data'])
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

  /** Kills a forget; of a point that it was at, the tombstone is there, or all of it. */
  async #killForget(tookMs: number): Promise<void> {
    this.#changeSource()
    await this.#place.succeed(this.#backupWords())
    await this.#kill(['forget', '--keep-last', '3'], tookMs)
    await this.#place.succeed(['points'])
  }

  /** Kills a prune that marks, deletes and writes anew all at once; what is left over goes with the next one. */
  async #killPrune(tookMs: number): Promise<void> {
    await this.#killForget(tookMs)
    await this.#kill(['prune', '--exclusive', '--max-unused', '0'], tookMs)
  }

  /** Kills an undo half-way: it can be taken back, or done once more, and then the files are as they were before the restore. */
  async #killUndo(tookMs: number): Promise<void> {
    const target = join(this.#place.folder, 'target')
    const point = `latest:${this.#place.source}`
    await this.#place.succeed(['restore', point, '--target', target])
    for (let i = 0; i < 12; i += 1 + this.#dice.below(3)) {
      writeFileSync(join(target, `mine-${i}`), patternBytes(this.#dice.below(200_000) + 1, i))
    }
    rmSync(join(target, 'folder-0'), { recursive: true, force: true })
    const mine = diskLines(target)
    const how = ['--target', target, '--overwrite', 'always', '--delete', '--yes', '--json']
    const { undo } = summaryOf((await this.#place.succeed(['restore', point, ...how])).stdout)
    const restored = diskLines(target)
    await this.#kill(['undo', '--yes'], tookMs)
    if (this.#dice.below(2) === 0) {
      // What was kept last: the state before the undo, or where that was not reached, before the restore.
      await this.#place.succeed(['undo', '--yes'])
      expect([mine, restored]).toContainEqual(diskLines(target))
    }
    await this.#place.succeed(['undo', String(undo), '--yes'])
    expect(diskLines(target)).toEqual(mine)
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
