import type { Scheduler } from '../../src/repository/run-object.ts'
import type { FilesOf } from './model.ts'
import { SimulatedDriver } from './simulated-driver.ts'
import type { SimulatedStore } from './simulated-store.ts'
import type { World } from './world.ts'

/** A call of the store that its caller waits for. */
interface PendingCall {
  readonly label: string
  /** What it does to the store; for a listing, what it sees. Absent once done: only the answer is on its way. */
  effect: (() => unknown) | undefined
  /** Whether it is about the note that a run is there. */
  readonly saysAlive: boolean
  /** Whether a crash of the caller may leave it on its way. */
  readonly writes: boolean
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
  outcome: { readonly result: unknown } | { readonly error: unknown } | undefined
}

interface Timer {
  readonly intervalMs: number
  readonly task: () => void
  dueMs: number
}

/**
 * One process of a simulated machine: every call of a store waits until the world lets it through, once on its way there and
 * once on its way back. A process that crashed never hears of its calls again.
 */
export class SimulatedProcess {
  readonly name: string
  /** The store that it writes to. */
  readonly driver: SimulatedDriver
  readonly pending: PendingCall[] = []
  /** How many calls it made. */
  called = 0
  crashed = false
  /** It does nothing before. */
  wakesMs = 0
  /** Until then no call goes on but those that say that a run lives: a long upload over a slow line. */
  slowUntilMs = 0
  /** When the store last had word of its run, and the longest that it had none, in milliseconds. */
  #heardMs: number | undefined
  #silentMs = 0
  /** How long it stood still in all, in milliseconds. */
  stoodStillMs = 0
  /** What the points that it makes must hold. */
  filesOf: FilesOf | undefined
  readonly scheduler: Scheduler
  readonly #world: World
  readonly #timers = new Set<Timer>()
  #asleepSinceMs = 0

  constructor(world: World, store: SimulatedStore, name: string) {
    this.#world = world
    this.name = name
    this.driver = this.driverTo(store)
    world.processes.add(this)
    this.scheduler = {
      every: (intervalMs, task) => {
        const timer = { intervalMs, task, dueMs: world.nowMs + intervalMs }
        this.#timers.add(timer)
        return () => this.#timers.delete(timer)
      },
    }
  }

  /** Returns a store as this process sees it. */
  driverTo(store: SimulatedStore): SimulatedDriver {
    return new SimulatedDriver(this.#world, this, store)
  }

  get isAwake(): boolean {
    return this.wakesMs <= this.#world.nowMs
  }

  /** The longest that the store had no word of its run. */
  get silentMs(): number {
    return Math.max(this.#silentMs, this.#world.nowMs - (this.#heardMs ?? this.#world.nowMs))
  }

  /** The calls that may go on now. */
  get movable(): readonly number[] {
    if (!this.isAwake) return []
    const isSlow = this.slowUntilMs > this.#world.nowMs
    return this.pending.flatMap(({ saysAlive }, i) => (isSlow && !saysAlive ? [] : [i]))
  }

  /** Is over, one way or the other. */
  end(): void {
    this.#timers.clear()
    this.#world.processes.delete(this)
  }

  /** Does nothing for a while: a laptop that is closed. */
  suspend(ms: number): void {
    this.wakesMs = this.#world.nowMs + ms
    this.stoodStillMs += ms
    this.#world.note(`${this.name} stands still for ${Math.round(ms / 3_600_000)} h`)
  }

  /** Does nothing until it is woken. */
  sleep(): void {
    this.#asleepSinceMs = this.#world.nowMs
    this.wakesMs = Infinity
    this.#world.note(`${this.name} falls asleep`)
  }

  wake(): void {
    this.wakesMs = 0
    this.stoodStillMs += this.#world.nowMs - this.#asleepSinceMs
    this.#world.note(`${this.name} wakes up`)
  }

  /** Tells whether it is about to make a call that fits. */
  isAbout(pattern: RegExp): boolean {
    return this.pending.some(({ label, effect }) => effect !== undefined && pattern.test(label))
  }

  /** Lets its first call that waits go on by one step; one that fits `last` only when there is no other. */
  releaseNext(last?: RegExp): void {
    const first = this.pending.findIndex(({ label }) => last?.test(label) !== true)
    this.release(Math.max(0, first))
  }

  /** Takes its time, and says all the while that it lives. */
  slowDown(ms: number): void {
    this.slowUntilMs = this.#world.nowMs + ms
    this.#world.note(`${this.name} is slow for ${Math.round(ms / 3_600_000)} h`)
  }

  /** Is gone in the middle of what it does; what was on its way may arrive, now or later, or not. */
  crash(): void {
    const { dice, lagMs } = this.#world
    this.crashed = true
    this.#world.note(`${this.name} CRASHES`)
    for (const { effect, writes, label } of this.pending.splice(0)) {
      if (effect === undefined || !writes) continue
      const act = (): void => {
        this.#world.note(`${this.name} (gone) ${label}`)
        this.#attempt(effect)
      }
      const fate = dice.below(3)
      if (fate === 0) act()
      else if (fate === 1) this.#world.later(dice.between(0, Math.max(lagMs, 60_000)), act)
    }
    this.end()
  }

  /** Calls what is due; tells whether anything was. */
  fireTimers(): boolean {
    let fired = false
    for (const timer of this.#timers) {
      if (timer.dueMs > this.#world.nowMs) continue
      timer.dueMs = this.#world.nowMs + timer.intervalMs
      timer.task()
      fired = true
    }
    return fired
  }

  /** Lets a waiting call do what it does, or its caller hear of it. */
  release(index: number): void {
    const call = this.pending[index]
    if (call === undefined) throw new Error('there is no such call')
    if (call.effect !== undefined) {
      call.outcome = this.#attempt(call.effect)
      call.effect = undefined
      this.#world.note(
        `${this.name} ${call.label}${call.outcome !== undefined && 'error' in call.outcome ? ' fails' : ''}`,
      )
      return
    }
    this.pending.splice(index, 1)
    if (call.outcome === undefined) throw new Error('a call that did something has an outcome')
    if ('error' in call.outcome) call.reject(call.outcome.error)
    else call.resolve(call.outcome.result as never)
  }

  /** The store has word of its run. */
  heard(): void {
    this.#silentMs = this.silentMs
    this.#heardMs = this.#world.nowMs
  }

  /** Makes a call; its caller hears of it when the world lets it. */
  async call<T>(label: string, writes: boolean, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      // Whoever is gone is never answered.
      if (this.crashed) return
      this.called++
      this.pending.push({
        label,
        saysAlive: label.includes(' runs/'),
        writes,
        effect,
        resolve: resolve,
        reject,
        outcome: undefined,
      })
    })
  }

  #attempt(effect: () => unknown): PendingCall['outcome'] {
    try {
      return { result: effect() }
    } catch (error) {
      return { error }
    }
  }
}
