import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { check } from '../../src/engine/check/check.ts'
import { openPointView } from '../../src/engine/point-view.ts'
import type { PointInfo } from '../../src/repository/point-info.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { Dice } from '../simulation/dice.ts'
import { listening } from '../support/care-fixture.ts'
import { type CliPlace, resultOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { diskLines, pointLines } from '../support/point-content.ts'
import { UserHere } from '../support/user-here.ts'

/** A killed program may have come so much further than one that went undisturbed took. */
const BEYOND_ITS_END = 1.15
const neverAborted = new AbortController().signal

/** How often each command is killed. */
export interface Kills {
  readonly backup: number
  readonly restore: number
  readonly forget: number
  readonly prune: number
  readonly undo: number
}

/**
 * A user whose programs are killed at random instants, and what the points must hold for all that. What is killed is the
 * program; what comes before and after happens here, which takes a fraction of the time.
 */
export class KilledUser {
  readonly #place: CliPlace
  readonly #here: UserHere
  readonly #dice: Dice
  /** What the source looked like, by the tag of the backup that saw it. */
  readonly #seen = new Map<string, readonly string[]>()
  /** How long the program takes that nobody kills. */
  #tookMs = 0

  constructor(place: CliPlace, seed: number) {
    this.#place = place
    this.#dice = new Dice(seed)
    this.#here = new UserHere(place)
  }

  async live(kills: Kills): Promise<void> {
    await this.#place.init()
    this.#changeSource()
    const startMs = performance.now()
    await this.#place.succeed(this.#backupWords())
    this.#tookMs = performance.now() - startMs
    for (let i = 0; i < kills.backup; i++) await this.#killBackup()
    await this.#backup()
    for (let i = 0; i < kills.restore; i++) await this.#killRestore()
    for (let i = 0; i < kills.forget; i++) await this.#killForget()
    for (let i = 0; i < kills.prune; i++) await this.#killPrune()
    for (let i = 0; i < kills.undo; i++) await this.#killUndo()
    await this.#place.succeed(['check', '--read-data'])
    await this.#expectAllRestore()
  }

  /** Notes what the source looks like; returns the tag of the backup that is about to see it. */
  #see(): string {
    const tag = `seen-${this.#seen.size}`
    this.#seen.set(tag, diskLines(this.#place.source))
    return tag
  }

  #backupWords(): string[] {
    return ['backup', this.#place.source, '--tag', this.#see()]
  }

  async #backup(): Promise<void> {
    this.#changeSource()
    await this.#here.backup(this.#place.source, { tag: this.#see() })
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

  /** Lets a program run for a while, then kills it; one that was done before has simply ended. */
  async #kill(words: readonly string[]): Promise<void> {
    const child = this.#place.start(words)
    child.stdin.end()
    const ended = resultOf(child)
    const afterMs = this.#dice.fraction() * this.#tookMs * BEYOND_ITS_END
    const timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
    const { code, stderr } = await ended
    clearTimeout(timer)
    // Killed, or done; nothing that an earlier victim left behind makes it fail.
    expect([null, 0], stderr).toContain(code)
    await this.#expectWhole()
  }

  async #killBackup(): Promise<void> {
    this.#changeSource()
    await this.#kill(this.#backupWords())
  }

  /** Kills a restore, and has the next one finish it. */
  async #killRestore(): Promise<void> {
    const target = join(this.#place.folder, 'target')
    const place = `latest:${this.#place.source}`
    await this.#kill(['restore', place, '--target', target, '--overwrite', 'always'])
    await this.#here.restore(place, { target })
    expect(diskLines(target)).toEqual(diskLines(this.#place.source))
    rmSync(target, { recursive: true })
  }

  /** Kills a forget; of a point that it was at, the tombstone is there, or all of it. */
  async #killForget(): Promise<void> {
    await this.#backup()
    await this.#kill(['forget', '--keep-last', '3'])
  }

  /** Kills a prune that marks, deletes and writes anew all at once; what is left over goes with the next one. */
  async #killPrune(): Promise<void> {
    await this.#backup()
    await this.#here.forget({ last: 3 })
    await this.#kill(['prune', '--exclusive', '--max-unused', '0'])
  }

  /** Kills an undo half-way: it can be taken back, or done once more, and then the files are as they were before the restore. */
  async #killUndo(): Promise<void> {
    const target = join(this.#place.folder, 'target')
    const place = `latest:${this.#place.source}`
    await this.#here.restore(place, { target })
    for (let i = 0; i < 12; i += 1 + this.#dice.below(3)) {
      writeFileSync(join(target, `mine-${i}`), patternBytes(this.#dice.below(200_000) + 1, i))
    }
    rmSync(join(target, 'folder-0'), { recursive: true, force: true })
    const mine = diskLines(target)
    const undo = await this.#here.restore(place, { target, delete: true, keepsUndo: true })
    const restored = diskLines(target)
    await this.#kill(['undo', '--yes'])
    if (this.#dice.below(2) === 0) {
      // What was kept last: the state before the undo, or where that was not reached, before the restore.
      await this.#here.undo()
      expect([mine, restored]).toContainEqual(diskLines(target))
    }
    await this.#here.undo(undo)
    expect(diskLines(target)).toEqual(mine)
    rmSync(target, { recursive: true })
  }

  /** Reads and verifies everything, and compares the newest point with what was backed up. */
  async #expectWhole(): Promise<void> {
    await this.#here.care(async (care) => {
      const { told, events } = listening()
      await check(care, { readDataPercent: 100, dryRun: false }, events, neverAborted)
      expect([told.findings.filter(({ kind }) => kind === 'damage'), told.affected, told.warnings]).toEqual([
        [],
        [],
        [],
      ])
      const newest = (await this.#backupsIn(care.repository)).at(-1)
      expect(newest).toBeDefined()
      if (newest !== undefined) await this.#expectAsSeen(care.repository, newest)
    })
  }

  /** The points of the source, oldest first; what restores kept of the target makes points as well. */
  async #backupsIn(repository: Repository): Promise<PointInfo[]> {
    const { alarms, points } = await repository.chain({ reload: true })
    expect(alarms).toEqual([])
    expect(points.every(({ tags }) => tags.includes('undo') || this.#seen.has(tags[0] ?? ''))).toBe(true)
    return points
      .filter(({ tags }) => this.#seen.has(tags[0] ?? ''))
      .toSorted((a, b) => a.record.sequence - b.record.sequence)
  }

  async #expectAsSeen(repository: Repository, { record, tags }: PointInfo): Promise<void> {
    const view = openPointView(await repository.blobs(), record.parts)
    expect(await pointLines(view, this.#place.source)).toEqual(this.#seen.get(tags[0] ?? ''))
  }

  async #expectAllRestore(): Promise<void> {
    const backups = await this.#here.care(async ({ repository }) => this.#backupsIn(repository))
    expect(backups.length).toBeGreaterThan(1)
    const target = join(this.#place.folder, 'target')
    for (const { record, tags } of backups) {
      await this.#here.restore(`${record.point}:${this.#place.source}`, { target })
      expect(diskLines(target)).toEqual(this.#seen.get(tags[0] ?? ''))
      rmSync(target, { recursive: true })
    }
  }
}
