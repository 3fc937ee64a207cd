import type { Plan, Step, StepAction, StepTiming } from '../../../src/service/plans/plan.ts'
import { parseTrigger } from '../../../src/service/plans/trigger-text.ts'
import type { DueStep, PlanHistory, Schedule, StepHistory } from '../../../src/service/schedule/schedule.ts'
import { schedule } from '../../../src/service/schedule/schedule.ts'

/** Returns a step with defaults for all that is not given. */
export function stepOf(action: StepAction, timing: Partial<StepTiming> = {}): Step {
  const defaults = { name: action.kind, every: undefined, window: undefined, after: undefined, limitMs: undefined }
  return { ...defaults, ...timing, ...action }
}

/** Returns a plan that makes incremental points whenever one of its triggers fires. */
export function planOf(triggers: readonly string[], change: Partial<Plan> = {}): Plan {
  return {
    name: 'home',
    paused: false,
    source: {
      kind: 'paths',
      paths: ['/home'],
      exclude: [],
      excludeFiles: [],
      excludeCaches: false,
      excludeIfPresent: [],
      crossFilesystems: false,
      strict: false,
    },
    repository: '/srv/backup',
    tags: [],
    description: '',
    triggers: triggers.map((text) => parseTrigger(text, '/home/ada')),
    timeZone: undefined,
    hooks: { before: [], after: [], onFailure: [] },
    notify: { on: [], to: undefined },
    promise: { recoveryMs: undefined, noSuccessMs: undefined },
    steps: [stepOf({ kind: 'incremental' })],
    ...change,
  }
}

/** What a daemon does with a schedule, without the work: remembers what it was told to start. */
export class TestDaemon {
  readonly plan: Plan
  readonly timeZone: string
  readonly instance: string
  nowMs: number
  readonly sinceMs: number
  readonly steps = new Map<string, StepHistory>()
  cancelledDueMs: number | undefined
  readonly raised: { event: Parameters<typeof schedule>[0]['raised'][number]['event']; atMs: number }[] = []
  readonly runs: { readonly step: string; readonly dueMs: number; readonly atMs: number }[] = []

  constructor(plan: Plan, options: { nowMs: number; timeZone?: string; instance?: string }) {
    this.plan = plan
    this.nowMs = options.nowMs
    this.sinceMs = options.nowMs
    this.timeZone = options.timeZone ?? 'Europe/Berlin'
    this.instance = options.instance ?? 'instance'
  }

  look(): Schedule {
    const { sinceMs, steps, cancelledDueMs } = this
    const history = new Map<string, PlanHistory>([[this.plan.name, { sinceMs, steps, cancelledDueMs }]])
    const { plan, raised, nowMs, timeZone, instance } = this
    return schedule({ plans: [plan], history, raised, nowMs, timeZone, instance })
  }

  start({ step, dueMs }: DueStep): void {
    this.runs.push({ step, dueMs, atMs: this.nowMs })
    this.steps.set(step, { attemptDueMs: dueMs, active: true, success: this.steps.get(step)?.success })
  }

  end(step: string, succeeded = true): void {
    const known = this.steps.get(step)!
    const run = { dueMs: known.attemptDueMs!, endedMs: this.nowMs }
    this.steps.set(step, { ...known, active: false, success: succeeded ? run : known.success })
  }

  cancel(step: string): void {
    this.cancelledDueMs = this.steps.get(step)?.attemptDueMs
    this.end(step, false)
  }

  /** Runs whatever may run now until nothing more is due; every run takes `runMs`. Returns when to look again. */
  work(runMs = 0, succeeds: (step: string) => boolean = () => true): number | undefined {
    for (let i = 0; i < 100; i++) {
      const { due, lookAgainMs } = this.look()
      const first = due.find(({ waitsFor }) => waitsFor === undefined)
      if (first === undefined) return lookAgainMs
      this.start(first)
      this.nowMs += runMs
      this.end(first.step, succeeds(first.step))
    }
    throw new Error('something is due for ever')
  }

  /** Lives until a moment, looking when the schedule says. */
  live(untilMs: number, runMs = 0): void {
    for (;;) {
      const again = this.work(runMs)
      if (again === undefined || again > untilMs) break
      if (again <= this.nowMs) throw new Error('to be looked at again in the past')
      this.nowMs = again
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
    this.work(runMs)
  }
}

export const utc = (text: string): number => Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`)
