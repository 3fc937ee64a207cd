import type { StoreSpace } from '../../storage/driver.ts'
import type { PlanWatch } from '../notifications/plan-watch.ts'
import type { Plan } from '../plans/plan.ts'

export interface RoomMeterOptions {
  /** Returns how much room the store of a repository has, as far as it says. */
  readonly space: (repository: string) => Promise<StoreSpace | undefined>
  readonly watch: Pick<PlanWatch, 'spaceMeasured'>
}

/** Measures the room of stores, each once at a time. */
export class RoomMeter {
  readonly #options: RoomMeterOptions
  readonly #measured = new Set<string>()

  constructor(options: RoomMeterOptions) {
    this.#options = options
  }

  /** Measures the room of a store that a plan fills, and has it told where that is little. */
  async measure(plan: Plan, repository: string): Promise<void> {
    const { space, watch } = this.#options
    if (this.#measured.has(repository)) return
    this.#measured.add(repository)
    try {
      const room = await space(repository)
      if (room === undefined) return
      await watch.spaceMeasured(plan, { repository, freeBytes: room.free, totalBytes: room.total })
    } finally {
      this.#measured.delete(repository)
    }
  }
}
