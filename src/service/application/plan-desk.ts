import type { Clock } from '../../base/clock.ts'
import { TidemarkError, UsageError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import { nearestWord } from '../../base/nearest-word.ts'
import { judge } from '../../engine/forget/forget.ts'
import { readConfigurationText } from '../configuration.ts'
import { commandOfStep } from '../jobs/plan-commands.ts'
import type { JobStore } from '../jobs/job-store.ts'
import { type Job, JOB_STATES } from '../jobs/job.ts'
import { decodePlans, judgePlans, type PlansText } from '../plans/decode-plans.ts'
import { pausePlan, removePlan, savePlan, type WrittenPlan, writtenPlan } from '../plans/edit-plans.ts'
import { explainTrigger } from '../plans/explain-trigger.ts'
import type { Interval, Plan, Step, Trigger, Window } from '../plans/plan.ts'
import { intervalEnd } from '../schedule/interval-end.ts'
import { nextFirings } from '../schedule/next-firings.ts'
import type { ControlClient } from '../control/client.ts'
import type { DaemonKeys } from './daemon-keys.ts'
import type { JobDesk } from './job-desk.ts'
import type { PlanDesk } from './desks.ts'
import { placesAt } from './places.ts'
import { formOf, mistakesByField, writtenOf } from './plan-form.ts'
import type { Repositories } from './repositories.ts'
import { planFindings, planHealth } from './plan-health.ts'
import type { HealthFinding, PlanData, PlanForm, PlanMeaning, PlanStepData } from './shown.ts'
import { isPartial } from './show-job.ts'
import { shownText } from './shown-text.ts'

/** Next times of a plan that a form shows. */
const TIMES_SHOWN = 5
/** Of jobs that ran, or run. */
const BEGUN = JOB_STATES.filter((state) => state !== 'queued')

export interface PlanDeskOptions {
  readonly configFile: string
  /** What `~` stands for. */
  readonly home: string
  readonly repositories: Repositories
  readonly jobs: JobDesk
  /** The daemon, whenever there is one: it runs plans. */
  readonly daemon: { readonly client: Pick<ControlClient, 'runPlan'> | undefined }
  readonly keys: DaemonKeys
  readonly store: JobStore
  readonly instance: InstanceId
  readonly clock: Clock
  /** IANA name of this machine's zone. */
  readonly timeZone: string
}

/** Plans of the configuration file, for whoever shows and changes them. */
export class ConfiguredPlans implements PlanDesk {
  readonly #options: PlanDeskOptions

  constructor(options: PlanDeskOptions) {
    this.#options = options
  }

  async plans(): Promise<readonly PlanData[]> {
    const plans = await this.#read()
    return Promise.all(plans.map(async (plan) => this.#show(plan)))
  }

  async planForm(name: string): Promise<PlanForm> {
    return formOf(name, writtenPlan({ ...this.#file, text: await this.#text() }, name))
  }

  /** Decodes what the form would come to, and changes nothing. */
  async explainPlan(form: PlanForm): Promise<PlanMeaning> {
    const written = writtenOf(form, await this.#before(form.name))
    const input = { ...this.#file, text: await this.#text() }
    const mistakes = mistakesIn(input, form.name, written)
    const missing = await missingSources(form)
    // What is typed last, such as the name, says nothing about when a plan runs and what it would forget.
    const whole = standIn(input, 'sources' in mistakes ? { ...written, ...STAND_IN_SOURCE } : written)
    const timed = whole ?? standIn(input, { ...TIMED, trigger: written['trigger'], 'time-zone': written['time-zone'] })
    const { forgotten, remarks } = whole === undefined ? NOT_KNOWN : await this.#retention(whole)
    return {
      ...{ mistakes, forgotten, remarks: { ...missing, ...remarks } },
      trigger: timed && triggersInWords(timed.triggers),
      nextMs: timed === undefined ? [] : this.#nextTimes({ ...timed, name: form.name }),
    }
  }

  #nextTimes(plan: Plan): readonly number[] {
    return nextFirings(plan, { ...this.#context, afterMs: this.#options.clock.nowMs(), count: TIMES_SHOWN })
  }

  /** Returns what is wrong with plans, the configuration itself among it. */
  async findings(): Promise<readonly HealthFinding[]> {
    const { clock, store, instance } = this.#options
    try {
      const plans = await this.#read()
      const known = await Promise.all(
        plans.map(async (plan) => {
          const proven = await this.#proven(plan)
          const wouldTakeMs = proven && proven.seconds * 1000
          return { ...(await planHealth(plan, { store, instance })), wouldTakeMs }
        }),
      )
      return known.flatMap((each) => planFindings(each, clock.nowMs()))
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      return [{ color: 'red', message: shownText(error.message), fix: 'plans', repository: undefined }]
    }
  }

  async savePlan(form: PlanForm, replaces: string | undefined): Promise<void> {
    const before = replaces === undefined ? {} : await this.#before(replaces)
    await savePlan(this.#file, { name: form.name, written: writtenOf(form, before), replaces })
  }

  async removePlan(name: string): Promise<void> {
    await removePlan(this.#file, name)
  }

  async pausePlan(name: string, paused: boolean): Promise<void> {
    await pausePlan(this.#file, name, paused)
  }

  /** Runs all steps of a plan in their order, whatever is due; of a full and an incremental one the latter. */
  async runPlan(name: string): Promise<void> {
    const plan = (await this.#read()).find((each) => each.name === name)
    if (plan === undefined) {
      throw new UsageError('BAD_ARGUMENT', `no plan is called "${shownText(name)}"`, {
        hint: 'Look at the list again.',
      })
    }
    const { client } = this.#options.daemon
    if (client !== undefined) {
      await this.#handOver(plan)
      await client.runPlan(name)
      return
    }
    const isShort = plan.steps.some(({ kind }) => kind === 'incremental')
    for (const step of plan.steps) {
      if (step.kind === 'full' && isShort) continue
      await this.#options.jobs.askForStep(commandOfStep(plan, step), { plan: plan.name, step: step.name })
    }
  }

  /** Gives the daemon the keys of those repositories of a plan that are open here. */
  async #handOver({ repository, steps }: Plan): Promise<void> {
    const { keys, repositories } = this.#options
    const all = await repositories.all()
    const others = steps.flatMap((step) =>
      'repository' in step ? [step.repository] : step.kind === 'copy' ? [step.to] : [],
    )
    for (const name of new Set([repository, ...others])) {
      const known = all.get(name)
      if (known?.state.kind === 'open') await keys.hold(known)
    }
  }

  get #file(): { readonly file: string; readonly home: string } {
    return { file: this.#options.configFile, home: this.#options.home }
  }

  get #context(): { readonly timeZone: string; readonly instance: string } {
    return { timeZone: this.#options.timeZone, instance: this.#options.instance }
  }

  async #text(): Promise<string> {
    return (await readConfigurationText(this.#options.configFile)) ?? ''
  }

  async #read(): Promise<readonly Plan[]> {
    return decodePlans({ ...this.#file, text: await this.#text() })
  }

  /** The plan that a form is about, as far as there is one. */
  async #before(name: string): Promise<Readonly<Record<string, unknown>>> {
    const text = await this.#text()
    const isThere = decodePlans({ ...this.#file, text }).some((plan) => plan.name === name)
    return isThere ? writtenPlan({ ...this.#file, text }, name) : {}
  }

  async #show(plan: Plan): Promise<PlanData> {
    const { name, source, repository, paused, triggers, steps } = plan
    return {
      name,
      sources: source.kind === 'paths' ? source.paths.map(shownText) : [shownText(source.command.join(' '))],
      repository: shownText(repository),
      isPaused: paused,
      trigger: triggersInWords(triggers),
      steps: await Promise.all(steps.map(async (step) => this.#showStep(plan, step))),
      proven: await this.#proven(plan),
    }
  }

  /** What the last sample that was restored for a plan said. */
  async #proven({ name, promise, steps }: Plan): Promise<PlanData['proven']> {
    const { store, instance } = this.#options
    const step = steps.find(({ kind }) => kind === 'prove')
    if (step === undefined) return undefined
    const { jobs } = await store.list({ instance, plan: name, step: step.name, states: ['done'], limit: 1 })
    const [last] = jobs
    const ms = wouldTakeMs(last)
    if (ms === undefined) return undefined
    const isKept = promise.recoveryMs === undefined || ms <= promise.recoveryMs
    return { seconds: ms / 1000, atMs: last?.finishedMs ?? 0, isKept }
  }

  async #showStep(plan: Plan, step: Step): Promise<PlanStepData> {
    const { last, isQueued } = await this.#lastOf(plan, step)
    return {
      words: stepInWords(step),
      kind: step.kind,
      lastMs: last?.finishedMs ?? last?.startedMs,
      lastState: last?.state,
      isLastPartial: last !== undefined && isPartial(last),
      isQueued,
      nextMs: this.#nextOf(plan, step, last),
    }
  }

  /** The job that ran last: one that waits for its first run, such as for a password, hides none that ended. */
  async #lastOf(plan: Plan, step: Step): Promise<LastOfStep> {
    const { store, instance } = this.#options
    const of = { instance, plan: plan.name, step: step.name, limit: 1 } as const
    const [newest] = (await store.list(of)).jobs
    const isQueued = newest?.state === 'queued'
    if (!isQueued || newest.startedMs !== undefined) return { last: newest, isQueued }
    const [begun] = (await store.list({ ...of, states: BEGUN })).jobs
    return { last: begun ?? newest, isQueued }
  }

  /** The next firing at which a step is due by its interval; what follows another step has no time of its own. */
  #nextOf(plan: Plan, step: Step, last: Job | undefined): number | undefined {
    if (plan.paused || step.after !== undefined) return undefined
    const { clock, timeZone } = this.#options
    const doneMs = last?.state === 'done' ? last.startedMs : undefined
    const dueMs = doneMs === undefined || step.every === undefined ? 0 : intervalEnd(doneMs, step.every, timeZone) - 1
    const [nextMs] = nextFirings(plan, { ...this.#context, afterMs: Math.max(clock.nowMs(), dueMs), count: 1 })
    return nextMs
  }

  /** Returns what the retention of a plan would forget now, and which tag of it nothing has, as far as its repository is open. */
  async #retention(plan: Plan): Promise<Retention> {
    const { clock, repositories, timeZone } = this.#options
    const at = plan.steps.findIndex(({ kind }) => kind === 'forget')
    const step = plan.steps[at]
    if (step?.kind !== 'forget') return { forgotten: [], remarks: {} }
    const known = (await repositories.all()).get(step.repository)
    if (known?.state.kind !== 'open') return NOT_KNOWN
    const { policy, allInstances } = step
    let remarks = NOT_KNOWN.remarks
    try {
      return await known.use(async ({ repository }) => {
        const chain = await repository.chain()
        const tags = new Set([...plan.tags, ...chain.points.flatMap((point) => point.tags)])
        const unknown = policy.tags?.find((tag) => !tags.has(tag))
        if (unknown !== undefined) remarks = { [`steps.${at}.keep-tag`]: untagged(unknown, tags) }
        const verdicts = judge({ repository, clock }, chain, { policy, timeZone, allInstances })
        return { forgotten: verdicts.filter(({ keep }) => !keep).map(({ point }) => point.record.point), remarks }
      })
    } catch (error) {
      // Then nothing would be forgotten: `forget` refuses it, too.
      if (error instanceof TidemarkError) return { forgotten: [], remarks }
      throw error
    }
  }
}

interface LastOfStep {
  readonly last: Job | undefined
  readonly isQueued: boolean
}

type Retention = Pick<PlanMeaning, 'forgotten' | 'remarks'>
const NOT_KNOWN: Retention = { forgotten: undefined, remarks: {} }

const STAND_IN_NAME = 'plan'
const STAND_IN_SOURCE: WrittenPlan = { sources: ['/'] }
/** What a plan says at least, besides when it runs. */
const TIMED: WrittenPlan = { ...STAND_IN_SOURCE, repository: '/', steps: ['incremental'] }

/** Returns a plan under a name that is one, `undefined` where something else is wrong with it. */
function standIn(input: PlansText, written: WrittenPlan): Plan | undefined {
  const { plans, mistakes } = judgePlans(input, { [STAND_IN_NAME]: written })
  return mistakes.length === 0 ? plans[0] : undefined
}

function mistakesIn(input: PlansText, name: string, written: WrittenPlan): PlanMeaning['mistakes'] {
  const mistakesAs = (each: string): PlanMeaning['mistakes'] =>
    mistakesByField(judgePlans(input, { [each]: written }).mistakes, written)
  const named = mistakesAs(name)
  // Nothing is looked at behind a name that is none.
  return 'name' in named ? { ...named, ...mistakesAs(STAND_IN_NAME) } : named
}

/** A source that is not there is no mistake, since a disk may come: it is remarked, before a backup finds nothing. */
async function missingSources({ sources }: PlanForm): Promise<PlanMeaning['remarks']> {
  const paths = sources.filter((path) => path.startsWith('/'))
  const places = await placesAt(paths)
  const at = places.findIndex(({ kind }) => kind === 'nothing')
  return at < 0 ? {} : { sources: shownText(`there is nothing at ${paths[at]}`) }
}

function untagged(tag: string, known: ReadonlySet<string>): string {
  const near = nearestWord(tag, known)
  return shownText(`no point has the tag "${tag}"${near === undefined ? '' : `; is "${near}" meant?`}`)
}

/** How long all would take to be restored, as the summary of `tidemark prove` says it. */
function wouldTakeMs(job: Job | undefined): number | undefined {
  const summary = job?.result?.summary
  const isSummary = typeof summary === 'object' && summary !== null && 'wouldTakeMs' in summary
  return isSummary && typeof summary['wouldTakeMs'] === 'number' ? summary['wouldTakeMs'] : undefined
}

function triggersInWords(triggers: readonly Trigger[]): string {
  return shownText(triggers.length === 0 ? 'only by hand' : triggers.map(explainTrigger).join('; '))
}

function stepInWords(step: Step): string {
  const words = [actionInWords(step)]
  if (step.every !== undefined) words.push(`every ${intervalInWords(step.every)}`)
  if (step.window !== undefined) words.push(`between ${windowInWords(step.window)}`)
  if (step.after !== undefined) words.push(`after ${step.after.step}`)
  return shownText(words.join(' '))
}

function actionInWords(step: Step): string {
  switch (step.kind) {
    case 'copy':
      return `copy to ${step.to}`
    case 'verify':
      return `verify ${step.percent} %`
    default:
      return step.kind
  }
}

function intervalInWords({ count, unit }: Interval): string {
  return count === 1 ? unit : `${count} ${unit}s`
}

function windowInWords({ fromMinute, toMinute }: Window): string {
  const time = (minute: number): string => `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')}`
  return `${time(fromMinute)} and ${time(toMinute)}`
}
