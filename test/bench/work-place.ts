import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { measure } from './measure.ts'
import type { Command, Measurement } from './measure.ts'
import type { Place, Tool } from './tool.ts'

const RAM_DISK = '/dev/shm'

/** Folders of a run: repositories and homes on the disk, what is restored on a RAM disk. Removed when disposed of. */
export class WorkPlace implements Disposable {
  readonly #disk: string
  readonly #ram = mkdtempSync(join(existsSync(RAM_DISK) ? RAM_DISK : tmpdir(), 'tidemark-bench-'))
  #count = 0
  readonly #dispose = (): void => this[Symbol.dispose]()

  /** @param folder on the disk that is to hold the repositories. */
  constructor(folder: string) {
    this.#disk = mkdtempSync(join(folder, 'work-'))
    // Also when the bench is interrupted: what lies on a RAM disk is memory lost.
    process.once('exit', this.#dispose)
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#dispose)
    rmSync(this.#disk, { recursive: true, force: true })
    rmSync(this.#ram, { recursive: true, force: true })
  }

  /** Makes a home and an empty repository of `tool`: in a folder beside it, or where `move` says. */
  async open(tool: Tool, move = (place: Place): Place => place): Promise<Place> {
    const folder = join(this.#disk, String(this.#count++))
    const home = join(folder, 'home')
    mkdirSync(home, { recursive: true })
    const place = move({ home, repository: join(folder, 'repository') })
    for (const command of tool.init(place)) await measure(command)
    return place
  }

  close(place: Place): void {
    rmSync(join(place.home, '..'), { recursive: true })
  }

  /** Calls `use` with an empty folder on the RAM disk, which is removed afterwards. */
  async withTarget<T>(use: (target: string) => Promise<T>): Promise<T> {
    const target = mkdtempSync(join(this.#ram, 'target-'))
    try {
      return await use(target)
    } finally {
      rmSync(target, { recursive: true })
    }
  }
}

/** Measures `command` after what was written before it has reached the disk, so that it does not pay for others. */
export async function measureAlone(command: Command): Promise<Measurement> {
  spawnSync('sync')
  return measure(command)
}
