import type { Clock } from '../../base/clock.ts'
import { StorageError, type TidemarkError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { Randomness } from '../../base/random.ts'
import type { Scheduler } from '../../repository/run-object.ts'
import type { StoreSpace } from '../../storage/driver.ts'
import { type AskedCommand, askedJob, DAEMON_KINDS, ONCE_KIND } from '../jobs/asked-command.ts'
import { AskedHandler } from '../jobs/asked-handler.ts'
import { CommandHandler } from '../jobs/command-handler.ts'
import { COMMAND_KIND } from '../jobs/command-message.ts'
import type { JobHandler } from '../jobs/job-handler.ts'
import type { JobRunner } from '../jobs/job-runner.ts'
import type { JobStore } from '../jobs/job-store.ts'
import type { Job, JobId, JobProgress, Json } from '../jobs/job.ts'
import { Worker } from '../jobs/worker.ts'
import type { Channel, ChannelSettings } from '../notifications/channel.ts'
import { mistake, MISTAKE_KEY, unwatched } from '../notifications/conditions.ts'
import type { Notification, NotificationId } from '../notifications/notification.ts'
import type { NotificationStore } from '../notifications/notification-store.ts'
import { Notifier } from '../notifications/notifier.ts'
import { PlanWatch } from '../notifications/plan-watch.ts'
import type { EventTrigger } from '../plans/plan.ts'
import { type After, Alarm } from './alarm.ts'
import { Beside } from './beside.ts'
import type { Daemon, DaemonEvent, DaemonKeys, DaemonStatus } from './daemon.ts'
import { countStores } from './daemon-status.ts'
import { Deliveries } from './deliveries.ts'
import { tellOfEndedJobs } from './ended-jobs.ts'
import type { EventWatchOptions } from './event-watch.ts'
import { Happenings } from './happenings.ts'
import { Housekeeping } from './housekeeping.ts'
import { HeldJobs } from './held-jobs.ts'
import type { KeptConfiguration } from './kept-configuration.ts'
import { lockedFor, lockedForEach } from './locked-jobs.ts'
import { PlanJobs } from './plan-jobs.ts'
import { type PlanStatus, planStatuses } from './plan-status.ts'
import { PlansInForce } from './plans-in-force.ts'
import { RoomMeter } from './room-meter.ts'
import type { Settings } from './settings.ts'

/** A machine that slept, and a clock that was set, are noticed within that. */
const LOOK_MS = 60_000
/** After a store failed. */
const AGAIN_MS = 10_000

export interface MainLoopOptions extends EventWatchOptions {
  /** Closed by whoever opened them, after `run` has resolved. */
  readonly jobs: JobStore
  readonly notifications: NotificationStore
  readonly instance: InstanceId
  readonly runner: JobRunner
  readonly keys: DaemonKeys
  readonly configFile: string
  readonly kept: Pick<KeptConfiguration, 'load' | 'save'>
  /** What `~` stands for. */
  readonly home: string
  /** IANA name of this machine's zone. */
  readonly timeZone: string
  /** Tells this start of the machine from every other; `undefined` where the system does not tell. */
  readonly bootId: string | undefined
  readonly version: string
  readonly pid: number
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly randomness: Randomness
  readonly after: After
  /** The longest time between two looks at the clock; a minute when absent. */
  readonly lookMs?: number
  /** How often it is looked for what nobody tells of, and forgotten what is long over; an hour when absent. */
  readonly tidyMs?: number
  /** Returns how much room the store of a repository has, as far as it says. */
  readonly space: (repository: string) => Promise<StoreSpace | undefined>
  readonly openChannel: (settings: ChannelSettings) => Channel
  /** Told of what does not do what it should, while the daemon goes on. */
  readonly onProblem: (problem: unknown) => void
  /** Told after each look: it is alive. */
  readonly onTurn: () => void
}

/** Does what plans say when they say it, until it is stopped. */
export class MainLoop implements Daemon {
  readonly #options: MainLoopOptions
  readonly #startedMs: number
  readonly #listeners = new Set<(event: DaemonEvent) => void>()
  readonly #worker: Worker
  readonly #notifier: Notifier
  readonly #watch: PlanWatch
  readonly #deliveries: Deliveries
  readonly #inForce: PlansInForce
  readonly #happenings: Happenings
  readonly #planJobs: PlanJobs
  readonly #held: HeldJobs
  readonly #alarm: Alarm
  readonly #housekeeping: Housekeeping
  readonly #room: RoomMeter
  readonly #beside: Beside
  /** Resolves once the plans are known: whoever asks before that waits for it. */
  readonly #begun = Promise.withResolvers<undefined>()
  #nextMs: number | undefined
  #isStopping = false

  constructor(options: MainLoopOptions) {
    const { clock, instance, jobs, notifications: store, randomness, runner, scheduler } = options
    this.#options = options
    this.#startedMs = clock.nowMs()
    this.#alarm = new Alarm(options.after)
    this.#beside = new Beside(options.onProblem)
    const common = { instance, clock, randomness, onProblem: options.onProblem }
    const commands = new CommandHandler({ runner, clock })
    this.#worker = new Worker({
      ...{ ...common, scheduler, store: jobs },
      handlers: new Map<string, JobHandler>([
        [COMMAND_KIND, commands],
        [ONCE_KIND, new AskedHandler(commands)],
      ]),
      isHeldBack: async (job) => (await lockedFor(job, options.keys)) !== undefined,
      onChanged: (job) => {
        this.#tell({ type: 'job', job })
        this.#alarm.wake()
      },
    })
    this.#notifier = new Notifier({
      ...{ ...common, store },
      channels: () => [...this.#inForce.channels.keys()],
      onRaised: () => this.#deliveries.begin(),
      onChanged: ({ id }) => this.#tell({ type: 'notification', notification: id }),
    })
    this.#watch = new PlanWatch({ jobs, instance, notifier: this.#notifier })
    this.#deliveries = new Deliveries({
      ...{ ...common, store, notifier: this.#notifier },
      channel: (name) => this.#channel(name),
      onDone: () => this.#alarm.wake(),
    })
    this.#inForce = this.#followPlans()
    this.#room = new RoomMeter({ space: options.space, watch: this.#watch })
    this.#housekeeping = new Housekeeping({ ...options, notifier: this.#notifier, watch: this.#watch })
    this.#happenings = new Happenings({ jobs, instance, clock, home: options.home })
    this.#held = new HeldJobs({ ...options, notifier: this.#notifier })
    this.#planJobs = new PlanJobs({ ...options, onAdded: (job) => this.#tell({ type: 'job', job }) })
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  get runsJobs(): boolean {
    return !this.#isStopping
  }

  get instance(): InstanceId {
    return this.#options.instance
  }

  get jobs(): Daemon['jobs'] {
    return this.#options.jobs
  }

  get notifications(): Daemon['notifications'] {
    return this.#options.notifications
  }

  /** What is in force; `undefined` before it is known. */
  get settings(): Settings | undefined {
    return this.#inForce.settings
  }

  /** What is wrong with the configuration as it is now. */
  get mistake(): TidemarkError | undefined {
    return this.#inForce.mistake
  }

  /** Runs until it is stopped or `signal` is aborted: then ends what runs, with all that is stored kept. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.stop()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      if (signal.aborted) this.stop()
      await this.#begin()
      this.#begun.resolve(undefined)
      while (!this.#isStopping) {
        const waitMs = await this.#turn()
        this.#options.onTurn()
        await this.#alarm.sleep(waitMs)
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#begun.resolve(undefined)
      await this.#end()
    }
  }

  async status(): Promise<DaemonStatus> {
    const { configFile, pid, version } = this.#options
    return {
      ...(await countStores(this.#options)),
      ...{ configFile, pid, version, startedMs: this.#startedMs, nextMs: this.#nextMs, isStopping: this.#isStopping },
      plans: this.#inForce.plans.length,
      locked: this.#held.repositories,
      mistake: this.#inForce.mistake,
    }
  }

  async plans(): Promise<readonly PlanStatus[]> {
    await this.#begun.promise
    const { clock, instance, jobs, timeZone } = this.#options
    const raised = await jobs.raised(instance)
    return planStatuses({ plans: this.#inForce.plans, jobs, instance, raised, nowMs: clock.nowMs(), timeZone })
  }

  async runPlan(name: string, step?: string): Promise<readonly Job[]> {
    await this.#begun.promise
    const asked = await this.#planJobs.ask(this.#inForce.named(name), step)
    this.#alarm.wake()
    return asked
  }

  async pausePlan(name: string, paused: boolean): Promise<void> {
    await this.#begun.promise
    await this.#inForce.pause(name, paused)
  }

  async ask(command: AskedCommand): Promise<Job> {
    const { clock, instance, jobs } = this.#options
    const job = await jobs.add(askedJob(command, instance), clock.nowMs())
    this.#tell({ type: 'job', job: job.id })
    this.#alarm.wake()
    return job
  }

  progressOf(job: JobId): JobProgress | undefined {
    return this.#worker.progressOf(job)
  }

  async lockedFor(jobs: readonly Job[]): Promise<ReadonlyMap<JobId, string>> {
    return lockedForEach(jobs, this.#options.keys)
  }

  async cancelJob(job: JobId): Promise<Job | undefined> {
    return this.#worker.cancel(job)
  }

  async resumeJob(job: JobId): Promise<Job | undefined> {
    const resumed = await this.#options.jobs.resume(job, this.#options.clock.nowMs())
    this.#tell({ type: 'job', job })
    this.#alarm.wake()
    return resumed
  }

  async acknowledge(id: NotificationId): Promise<Notification | undefined> {
    const notification = await this.#options.notifications.acknowledge(id)
    this.#tell({ type: 'notification', notification: id })
    return notification
  }

  async raiseEvent(name: string, about?: Json): Promise<readonly string[]> {
    await this.#begun.promise
    const waiting = await this.#happenings.raiseNamed(name, this.#inForce.known(), about)
    this.#alarm.wake()
    return waiting
  }

  async reload(): Promise<TidemarkError | undefined> {
    await this.#begun.promise
    await this.#inForce.reload()
    return this.#inForce.mistake
  }

  keysChanged(): void {
    this.#alarm.wake()
  }

  stop(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#tell({ type: 'stopping' })
    this.#alarm.wake()
  }

  subscribe(listener: (event: DaemonEvent) => void): () => void {
    // One listener may subscribe twice.
    const own = (event: DaemonEvent): void => listener(event)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  async #begin(): Promise<void> {
    const { bootId } = this.#options
    if (bootId !== undefined) await this.#safely(() => this.#happenings.noticeBoot(bootId))
    await this.#inForce.begin()
    this.#tell({ type: 'plans' })
    // What an earlier daemon told of a file that was corrected before this one read it.
    if (this.#inForce.mistake === undefined) this.#beside.add(this.#notifier.resolve(MISTAKE_KEY))
    this.#deliveries.begin()
  }

  async #end(): Promise<void> {
    await this.#inForce[Symbol.asyncDispose]()
    await this.#worker.stop()
    await this.#deliveries[Symbol.asyncDispose]()
    await this.#beside.idle()
  }

  /** Does what is due, and returns in how many milliseconds something is due next. */
  async #turn(): Promise<number> {
    const { clock, lookMs = LOOK_MS } = this.#options
    const isDone = await this.#safely(async () => {
      await this.#tellOfEnded()
      // A file that was wrong from the beginning must not have the plans forgotten that it is about.
      const plans = this.settings?.plans
      const lookAgainMs = plans === undefined ? undefined : await this.#planJobs.addDue(plans)
      await this.#held.look()
      await this.#worker.turn()
      await this.#tidy()
      this.#nextMs = await this.#nextDueMs(lookAgainMs)
    })
    if (!isDone) return Math.min(AGAIN_MS, lookMs)
    const nowMs = clock.nowMs()
    const waits = [this.#nextMs, this.#deliveries.nextMs].map((ms) => (ms === undefined ? Infinity : ms - nowMs))
    if (waits.some((ms) => ms <= 0)) this.#deliveries.begin()
    return Math.max(0, Math.min(lookMs, this.#housekeeping.waitMs, ...waits.filter((ms) => ms > 0)))
  }

  async #tellOfEnded(): Promise<void> {
    const { instance, jobs } = this.#options
    // Before the plans are known, nobody knows whom to tell.
    if (this.settings === undefined) return
    await tellOfEndedJobs(this.#inForce.plans, {
      ...{ jobs, instance, watch: this.#watch },
      onStored: (plan, repository) => this.#beside.add(this.#room.measure(plan, repository)),
    })
  }

  async #tidy(): Promise<void> {
    if (this.#housekeeping.waitMs > 0) return
    await this.#inForce.reload()
    await this.#housekeeping.do(this.settings)
  }

  async #nextDueMs(lookAgainMs: number | undefined): Promise<number | undefined> {
    const { clock, instance, jobs } = this.#options
    const dueMs = await jobs.nextDueMs(instance, DAEMON_KINDS)
    // One that is past waits for its plan, for another job, or for a password: each of them wakes the loop.
    const known = [lookAgainMs, dueMs].filter((ms) => ms !== undefined && ms > clock.nowMs())
    return known.length === 0 ? undefined : Math.min(...known.map(Number))
  }

  #followPlans(): PlansInForce {
    const notifier = this.#notifier
    return new PlansInForce(
      { ...this.#options, file: this.#options.configFile },
      {
        changed: () => {
          this.#housekeeping.hurry()
          this.#tell({ type: 'plans' })
          this.#alarm.wake()
        },
        mistaken: (error, isOtherInForce) => {
          this.#options.onProblem(error)
          this.#beside.add(notifier.raise(mistake(error, isOtherInForce)))
        },
        corrected: () => this.#beside.add(notifier.resolve(MISTAKE_KEY)),
        happened: (event) => this.#beside.add(this.#raise(event)),
        incomplete: (path, why) => this.#beside.add(notifier.raise(unwatched(path, why))),
      },
    )
  }

  async #raise(event: EventTrigger): Promise<void> {
    await this.#happenings.raise(event, this.#inForce.plans)
    this.#alarm.wake()
  }

  #channel(name: string): Channel | undefined {
    const settings = this.#inForce.channels.get(name)
    return settings === undefined ? undefined : this.#options.openChannel(settings)
  }

  /** Returns whether the stores did what was asked of them; what they did not do is asked again. */
  async #safely(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      // A store that was damaged is put aside by whoever opens it next.
      if (!(error instanceof StorageError) || error.code === 'MALFORMED') throw error
      this.#options.onProblem(error)
      return false
    }
  }

  #tell(event: DaemonEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }
}
