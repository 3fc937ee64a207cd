import type { Clock } from '../../base/clock.ts'
import { decodeCommandMessage } from './command-message.ts'
import { CommandRun, runName } from './command-run.ts'
import type { JobHandler, Recovery, RunContext, RunReport } from './job-handler.ts'
import type { JobRunner } from './job-runner.ts'
import type { AbandonedJob } from './job-store.ts'
import type { Job } from './job.ts'

export interface CommandHandlerOptions {
  readonly runner: JobRunner
  readonly clock: Clock
}

/** Does jobs of the kind `command`: commands of this program, with the user's own commands around them. */
export class CommandHandler implements JobHandler {
  readonly #options: CommandHandlerOptions

  constructor(options: CommandHandlerOptions) {
    this.#options = options
  }

  async run(job: Job, run: RunContext): Promise<RunReport> {
    return new CommandRun({ ...this.#options, job, run, message: decodeCommandMessage(job.message) }).run()
  }

  async recover({ job, note }: AbandonedJob, run: RunContext): Promise<Recovery> {
    return new CommandRun({ ...this.#options, job, run, message: decodeCommandMessage(job.message) }).recover(note)
  }

  settled(job: Job): void {
    this.#options.runner.forgetEnd(runName(job))
  }
}
