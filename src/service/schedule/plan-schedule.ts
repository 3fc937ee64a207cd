import type { Plan, RaisedEvent, Step } from '../plans/plan.ts'
import { anyOf, type Firings, firingsOf, greatest, momentFirings, zonedWindow } from './firings.ts'
import { intervalEnd } from './interval-end.ts'
import type { DueStep, PlanHistory, Schedule, StepHistory, StepRun } from './schedule.ts'

export interface PlanContext {
  readonly nowMs: number
  readonly timeZone: string
  readonly instance: string
  readonly raised: readonly RaisedEvent[]
}

/** How things stand with a step. */
type Turn =
  | { readonly state: 'active'; readonly step: Step }
  /** `atMs`: when it becomes due by itself, if it does. */
  | { readonly state: 'later'; readonly step: Step; readonly atMs: number | undefined }
  | {
      readonly state: 'due'
      readonly step: Step
      readonly dueMs: number
      readonly sinceMs: number
      /** The firing that it answered last. */
      readonly answeredMs: number | undefined
    }

type DueTurn = Extract<Turn, { state: 'due' }>

const NEVER_RAN: StepHistory = { attemptDueMs: undefined, active: false, success: undefined }

/** Returns when the triggers of a plan fire. */
export function planFirings(plan: Plan, { instance, raised, timeZone }: Omit<PlanContext, 'nowMs'>): Firings {
  const zone = plan.timeZone ?? timeZone
  const seed = `${instance} ${plan.name}`
  return anyOf(plan.triggers.map((trigger) => firingsOf(trigger, { timeZone: zone, seed, raised })))
}

/**
 * Returns when each step of a plan is due next by the clock, by name: past or now for one that is due, nothing for one that
 * runs, or that waits for an event or for another step.
 */
export function stepTimes(plan: Plan, history: PlanHistory, context: PlanContext): ReadonlyMap<string, number> {
  const look = new PlanLook(plan, history, context)
  return new Map(
    plan.steps.flatMap((step): [string, number][] => {
      const turn = look.turnOf(step)
      const atMs = turn.state === 'due' ? turn.sinceMs : turn.state === 'later' ? turn.atMs : undefined
      return atMs === undefined ? [] : [[step.name, atMs]]
    }),
  )
}

/** Tells which steps of one plan are due. */
export function planSchedule(plan: Plan, history: PlanHistory, context: PlanContext): Schedule {
  const look = new PlanLook(plan, history, context)
  const turns = plan.steps.map((step) => look.turnOf(step))
  const fullTurns = turns.filter(({ step, state }) => step.kind === 'full' && state !== 'later')
  // A full point that is to be made, or being made, is the incremental one as well.
  const due = turns
    .filter((turn) => turn.state === 'due')
    .filter(({ step }) => step.kind !== 'incremental' || fullTurns.length === 0)
  let before = turns.find(({ state }) => state === 'active')?.step.name
  const ordered: DueStep[] = []
  for (const { step, dueMs, sinceMs } of inTurn(due)) {
    ordered.push({ plan: plan.name, step: step.name, dueMs, sinceMs, waitsFor: before })
    before = step.name
  }
  const later = turns.flatMap((turn) => (turn.state === 'later' && turn.atMs !== undefined ? [turn.atMs] : []))
  return { due: ordered, lookAgainMs: later.length === 0 ? undefined : Math.min(...later) }
}

/** The plan's order; but who had a turn since the longest waiting step became due lets the others go first. */
function inTurn(due: readonly DueTurn[]): DueTurn[] {
  const longestMs = Math.min(...due.map(({ sinceMs }) => sinceMs))
  const hadTurn = ({ answeredMs }: DueTurn): boolean => answeredMs !== undefined && answeredMs >= longestMs
  return [...due.filter((turn) => !hadTurn(turn)), ...due.filter(hadTurn)]
}

/** One look at one plan. */
class PlanLook {
  readonly #plan: Plan
  readonly #history: PlanHistory
  readonly #nowMs: number
  readonly #timeZone: string
  readonly #triggers: Firings

  constructor(plan: Plan, history: PlanHistory, context: PlanContext) {
    this.#plan = plan
    this.#history = history
    this.#nowMs = context.nowMs
    this.#timeZone = plan.timeZone ?? context.timeZone
    this.#triggers = planFirings(plan, context)
  }

  turnOf(step: Step): Turn {
    const nowMs = this.#nowMs
    if (this.#own(step).active) return { state: 'active', step }
    const firings = this.#firingsOf(step)
    const { answeredMs, doneMs } = this.#answers(step, firings)
    const afterMs = answeredMs ?? this.#seen(firings)
    const sinceMs = firings.next(Math.max(afterMs, this.#earliest(step, doneMs) - 1))
    if (sinceMs === undefined || sinceMs > nowMs) return { state: 'later', step, atMs: sinceMs }
    const window = step.window === undefined ? undefined : zonedWindow(step.window, this.#timeZone)
    if (window?.isOpen(nowMs) === false) return { state: 'later', step, atMs: window.openings.next(nowMs) }
    return { state: 'due', step, dueMs: firings.latest(nowMs) ?? sinceMs, sinceMs, answeredMs }
  }

  #firingsOf({ after }: Step): Firings {
    if (after === undefined) return this.#triggers
    const before = this.#plan.steps.filter(({ name }) => name === after.step)
    const ends = before.flatMap((step) => this.#successes(step).map(({ endedMs }) => endedMs))
    return momentFirings(ends.map((ms) => ms + after.delayMs))
  }

  /** Which firing a step answered last, and which it did last what it is for. */
  #answers(
    step: Step,
    firings: Firings,
  ): { readonly answeredMs: number | undefined; readonly doneMs: number | undefined } {
    const believed = (moments: readonly (number | undefined)[]): number[] =>
      moments.filter((ms) => ms !== undefined).filter((ms) => this.#isBelieved(ms, firings))
    const done = believed(this.#successes(step).map(({ dueMs }) => dueMs))
    // A step that follows another one answers to that one, not to the triggers.
    const cancelled = step.after === undefined ? this.#history.cancelledDueMs : undefined
    const answered = [...done, ...believed([this.#own(step).attemptDueMs, cancelled])]
    return { answeredMs: greatest(answered), doneMs: greatest(done) }
  }

  /** The last runs that did what a step is for: whenever a full point was made, an incremental one was as well. */
  #successes(step: Step): StepRun[] {
    const does = this.#plan.steps.filter((other) => {
      return other === step || (step.kind === 'incremental' && other.kind === 'full')
    })
    return does.map((each) => this.#own(each).success).filter((run) => run !== undefined)
  }

  /** When the plan was seen first; what fired last counts as missed where that cannot be true. */
  #seen(firings: Firings): number {
    const { sinceMs } = this.#history
    return this.#isBelieved(sinceMs, firings) ? sinceMs : (firings.latest(this.#nowMs) ?? this.#nowMs) - 1
  }

  /**
   * Tells whether a record can be of this firing. Beyond the next one it cannot: its clock was wrong, and to believe it
   * would keep the step from running until then. So much is then done once more, rather than not at all.
   */
  #isBelieved(dueMs: number, firings: Firings): boolean {
    return dueMs <= this.#nowMs || dueMs <= (firings.next(this.#nowMs) ?? -Infinity)
  }

  #earliest({ every }: Step, doneMs: number | undefined): number {
    if (every === undefined || doneMs === undefined) return 0
    return intervalEnd(doneMs, every, this.#timeZone)
  }

  #own(step: Step): StepHistory {
    return this.#history.steps.get(step.name) ?? NEVER_RAN
  }
}
