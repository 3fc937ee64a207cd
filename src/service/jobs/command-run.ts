import { formatDuration } from '../../base/format.ts'
import type { ProcessIdentity } from '../../base/process-identity.ts'
import type { Hook } from '../plans/plan.ts'
import type { CommandHandlerOptions } from './command-handler.ts'
import type { CommandMessage } from './command-message.ts'
import { CommandOutput } from './command-output.ts'
import { type CommandEnd, errorOf, isInterrupted, verdictOf } from './command-verdict.ts'
import { type Recovery, type RunContext, RunEnds, type RunReport } from './job-handler.ts'
import type { RunCommand, RunEnd } from './job-runner.ts'
import type { Job, JobError, JobResult, RunNote } from './job.ts'
import { isLastTry } from './retry.ts'

/** What of a run is under way: noted before it begins, so that what has to follow does so after a crash, too. */
const STAGES = ['before', 'command', 'on-failure', 'after'] as const
type Stage = (typeof STAGES)[number]

interface CommandRunOptions extends CommandHandlerOptions {
  readonly job: Job
  readonly message: CommandMessage
  readonly run: RunContext
}

/** Returns what the end of a job's run is kept under. */
export function runName({ id, runs }: Job): string {
  return `${id}-${runs}`
}

const NOTHING: JobResult = { exitCode: undefined, summary: undefined, error: undefined }

/** One run of a command and of the hooks around it. */
export class CommandRun {
  readonly #options: CommandRunOptions
  /** Whether anything has been started: `after` is due from then on. */
  #hasBegun = false

  constructor(options: CommandRunOptions) {
    this.#options = options
  }

  /** Runs `before`, the command, `on-failure` when it has failed for good, and `after` whatever happened. */
  async run(): Promise<RunReport> {
    const { message } = this.#options
    let report: RunReport
    try {
      report = await this.#main()
    } catch (error) {
      if (this.#hasBegun) await this.#hooks('after', message.hooks?.after, { outcome: this.#outcome(undefined) })
      throw error
    }
    const ending = { outcome: this.#outcome(report), report }
    await this.#onFailure(ending)
    return this.#after(ending)
  }

  /**
   * Ends what still runs of a run that noted `note`, and runs `after` if anything had begun. A command that came to its end
   * although its worker did not is as good as any other: what it said is what came of the run.
   */
  async recover(note: RunNote | undefined): Promise<Recovery> {
    const { runner, run, message } = this.#options
    const stage = STAGES.find((stage) => stage === note?.stage)
    if (stage === undefined) return INTERRUPTED
    if (note?.process !== undefined) {
      run.log(
        'worker',
        `process ${note.process.pid} is ended, if it still runs: it may take a minute to store what it has`,
      )
      await runner.endLeftover(note.process, stage === 'command' ? 'tidemark' : 'hook')
    }
    const report = stage === 'before' ? undefined : this.#reportLeft()
    if (report === undefined) {
      run.log('worker', `it was interrupted in the stage "${stage}"`)
      const error = await this.#hooks('after', message.hooks?.after, { outcome: 'interrupted' })
      return { verdict: 'interrupted', result: { ...NOTHING, error } }
    }
    const ending = { outcome: report.verdict === 'done' ? ('done' as const) : ('failed' as const), report }
    if (stage === 'command') await this.#onFailure(ending)
    return this.#after(ending)
  }

  /** Returns what came of a command that ended while nobody read its output; `undefined`: it was interrupted. */
  #reportLeft(): RunReport | undefined {
    const { job, runner, run } = this.#options
    const kept = runner.endOf(runName(job))
    if (kept === undefined || isInterrupted(kept)) return undefined
    run.log('worker', `its command had come to its end, with exit code ${kept.exitCode}`)
    const output = this.#output()
    for (const event of kept.events) output.event(event)
    return this.#report({ exitCode: kept.exitCode, signal: undefined, timedOut: false }, output)
  }

  async #onFailure(ending: Required<Ending>): Promise<void> {
    const { job, message } = this.#options
    const { outcome, report } = ending
    if (outcome !== 'failed' || report.verdict === 'done' || !isLastTry(job, report.verdict)) return
    await this.#hooks('on-failure', message.hooks?.onFailure, ending)
  }

  async #after(ending: Required<Ending>): Promise<RunReport> {
    const { report } = ending
    const failed = await this.#hooks('after', this.#options.message.hooks?.after, ending)
    if (failed === undefined) return report
    // The application may still be as `before` left it: somebody has to look, whatever became of the command.
    return { verdict: 'failed', result: { ...report.result, error: report.result.error ?? failed } }
  }

  async #main(): Promise<RunReport> {
    const error = await this.#hooks('before', this.#options.message.hooks?.before, { outcome: 'begins' })
    return error === undefined ? this.#command() : { verdict: 'failed', result: { ...NOTHING, error } }
  }

  async #command(): Promise<RunReport> {
    const { job, message } = this.#options
    const { words, input } = message
    const output = this.#output()
    const ended = await this.#start('command', {
      command: { kind: 'tidemark', words, run: runName(job), ...(input === undefined ? {} : { input }) },
      timeLimitMs: job.timeLimitMs,
      output,
    })
    return this.#report(ended, output)
  }

  #output(): CommandOutput {
    const { clock, message, run } = this.#options
    return new CommandOutput({ name: message.words[0] ?? '', run, clock })
  }

  #report(ended: RunEnd, { error, said, summary }: CommandOutput): RunReport {
    const end: CommandEnd = { ...ended, error, said }
    const result = { exitCode: ended.exitCode, summary, error: errorOf(end, this.#options.job.timeLimitMs) }
    return { verdict: verdictOf(end), result }
  }

  /** Runs hooks in order: those of `before` up to the first that fails, others all; returns the first failure. */
  async #hooks(stage: HookStage, hooks: readonly Hook[] = [], ending: Ending): Promise<JobError | undefined> {
    let first: JobError | undefined
    for (const hook of hooks) {
      const error = await this.#hook(stage, hook, ending)
      first ??= error
      if (error !== undefined && stage === 'before') break
    }
    return first
  }

  async #hook(stage: HookStage, hook: Hook, ending: Ending): Promise<JobError | undefined> {
    const { job, message, run } = this.#options
    const { hookInput: input } = message
    const name = hook.command.join(' ')
    run.log('worker', `${stage}: ${name}`)
    const end = await this.#start(stage, {
      command: {
        ...{ kind: 'hook', command: hook.command, variables: variablesOf(job, ending) },
        ...(input === undefined ? {} : { input }),
      },
      timeLimitMs: hook.limitMs,
      output: { event: () => undefined, line: (_, text) => run.log('hook', text) },
    })
    if (end.exitCode === 0) return undefined
    const how = howItEnded(end, hook.limitMs)
    run.log('worker', `${stage}: it ${how}`)
    const hint = `Its output is in the log of the job.${stage === 'before' ? ' No point was made.' : ''}`
    return { code: 'HOOK_FAILED', message: `the command "${name}" (${stage}) ${how}`, hint }
  }

  async #start(stage: Stage, { command, timeLimitMs, output }: StartRequest): Promise<RunEnd> {
    const { runner, run } = this.#options
    return runner.run({
      command,
      timeLimitMs,
      // What puts things right is not to be cancelled.
      signal: stage === 'before' || stage === 'command' ? run.signal : NEVER,
      onStarted: async (process) => this.#note(stage, process),
      onEvent: (event) => {
        output.event(event)
      },
      onLine: (from, text) => {
        output.line(from, text)
      },
    })
  }

  async #note(stage: Stage, process: ProcessIdentity): Promise<void> {
    try {
      await this.#options.run.note({ stage, process })
      this.#hasBegun = true
    } catch (error) {
      // On a full disk, too, an application has to come back: what was noted before has it done again after a crash.
      if (stage === 'before' || stage === 'command' || error instanceof RunEnds) throw error
      this.#options.run.log('worker', `${stage} could not be noted: ${error instanceof Error ? error.message : ''}`)
    }
  }

  #outcome(report: RunReport | undefined): HookOutcome {
    const { signal } = this.#options.run
    if (report?.verdict === 'done') return 'done'
    if (!signal.aborted) return 'failed'
    return signal.reason instanceof RunEnds && signal.reason.why === 'cancel' ? 'cancelled' : 'interrupted'
  }
}

type HookStage = Exclude<Stage, 'command'>

/** How the run stands when a hook is run, as the hook is told. */
type HookOutcome = 'begins' | 'done' | 'failed' | 'cancelled' | 'interrupted'

interface Ending {
  readonly outcome: HookOutcome
  readonly report?: RunReport
}

interface StartRequest {
  readonly command: RunCommand
  readonly timeLimitMs: number | undefined
  readonly output: Pick<CommandOutput, 'event' | 'line'>
}

const INTERRUPTED: Recovery = { verdict: 'interrupted', result: NOTHING }

const NEVER = new AbortController().signal

function howItEnded({ exitCode, signal, timedOut }: RunEnd, limitMs: number): string {
  if (timedOut) return `was not done within ${formatDuration(limitMs)}`
  return exitCode === undefined ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${exitCode}`
}

const POINT = /^[0-9a-f]{32}$/

/** What hooks find in their environment. */
function variablesOf(job: Job, { outcome, report }: Ending): Record<string, string> {
  const { summary, error } = report?.result ?? NOTHING
  const point = typeof summary === 'object' && summary !== null && 'point' in summary ? summary['point'] : undefined
  return {
    TIDEMARK_JOB: String(job.id),
    TIDEMARK_PLAN: job.plan ?? '',
    TIDEMARK_STEP: job.step ?? '',
    TIDEMARK_OUTCOME: outcome,
    TIDEMARK_POINT: typeof point === 'string' && POINT.test(point) ? point : '',
    TIDEMARK_ERROR: error?.message ?? '',
  }
}
