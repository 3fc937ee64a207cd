import { setImmediate } from 'node:timers/promises'
import { Dice } from './dice.ts'
import type { SimulatedProcess } from './simulated-process.ts'

export const HOUR_MS = 3_600_000
/** How many lines of the trace a failure shows. */
const TRACE_LINES = 400
/** Turns of the event loop after which a process that does nothing will do nothing any more. */
const IDLE_TURNS = 2
/** So many are a second or two: on a busy machine, code that is loaded for the first time takes thousands. */
const STUCK_TURNS = 50_000

export interface WorldOptions {
  readonly seed: number
  /** How late a listing may be, at most, in milliseconds. */
  readonly lagMs: number
}

/** Something that happens later, whoever is still there by then. */
interface LateEffect {
  readonly dueMs: number
  readonly apply: () => void
}

/** Time, who there is, and the order in which everything happens: decided by the seed alone. */
export class World {
  readonly dice: Dice
  readonly processes = new Set<SimulatedProcess>()
  readonly lagMs: number
  readonly #trace: { readonly ms: number; readonly line: string }[] = []
  nowMs = 1_700_000_000_000
  #late: LateEffect[] = []

  constructor({ seed, lagMs }: WorldOptions) {
    this.dice = new Dice(seed)
    this.lagMs = lagMs
  }

  note(line: string): void {
    this.#trace.push({ ms: this.nowMs, line })
    if (this.#trace.length > TRACE_LINES) this.#trace.shift()
  }

  /** What happened last, a line each. */
  trace(): string[] {
    return this.#trace.map(({ ms, line }) => `${new Date(ms).toISOString().slice(5, 23)} ${line}`)
  }

  /** Lets time pass: what is late comes, and timers of machines that are awake go off. */
  async advance(ms: number): Promise<void> {
    this.nowMs += ms
    const due = this.#late.filter(({ dueMs }) => dueMs <= this.nowMs)
    this.#late = this.#late.filter(({ dueMs }) => dueMs > this.nowMs)
    for (const { apply } of due) apply()
    for (const process of this.processes) if (process.isAwake && process.fireTimers()) await this.settle()
  }

  later(delayMs: number, apply: () => void): void {
    this.#late.push({ dueMs: this.nowMs + delayMs, apply })
  }

  /** Has everything that is still on its way arrive. */
  async settleLate(): Promise<void> {
    for (const { apply } of this.#late.splice(0)) apply()
    await this.settle()
  }

  /** Lets one call of one process go on by one step; false when nobody waits. */
  async step(): Promise<boolean> {
    while (this.#movable().length === 0) {
      if (this.processes.size === 0) return false
      const wakes = [...this.processes].map(({ wakesMs, slowUntilMs }) => Math.max(wakesMs, slowUntilMs))
      const waitMs = Math.min(...wakes) - this.nowMs
      if (waitMs <= 0) throw new Error('a process neither ends nor calls the store')
      // By the hour, so that whoever is slow goes on saying that it lives.
      await this.advance(Math.min(waitMs + 1, HOUR_MS / 2))
    }
    await this.advance(this.dice.between(1, 500))
    const process = this.dice.pick(this.#movable())
    process.release(this.dice.pick(process.movable))
    await this.settle()
    return true
  }

  /** Waits until every process waits for the store, or is over. */
  async settle(): Promise<void> {
    let idle = 0
    for (let turn = 0; idle < IDLE_TURNS; turn++) {
      const before = this.#activity()
      await setImmediate()
      const isBusy = [...this.processes].some(({ pending }) => pending.length === 0)
      idle = before === this.#activity() && !isBusy ? idle + 1 : 0
      if (turn > STUCK_TURNS) throw new Error('a process neither ends nor calls the store')
    }
  }

  #activity(): number {
    let calls = this.processes.size
    for (const { called } of this.processes) calls += called
    return calls
  }

  #movable(): SimulatedProcess[] {
    return [...this.processes].filter(({ movable }) => movable.length > 0)
  }
}
