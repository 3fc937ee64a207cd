import type { CommandHandler } from './command-handler.ts'
import type { JobHandler, Recovery, RunContext, RunReport } from './job-handler.ts'
import type { AbandonedJob } from './job-store.ts'
import type { Job } from './job.ts'

/** The kind of jobs that somebody asked for at a face, and that run as long as its process does. */
export const ASKED_KIND = 'asked'

/**
 * Runs commands that somebody asked for. One that was interrupted is not begun again by itself: a restore that comes back
 * days later would overwrite what was made since.
 */
export class AskedHandler implements JobHandler {
  readonly #commands: CommandHandler

  constructor(commands: CommandHandler) {
    this.#commands = commands
  }

  async run(job: Job, run: RunContext): Promise<RunReport> {
    return job.interruptions === 0 ? this.#commands.run(job, run) : INTERRUPTED
  }

  async recover(abandoned: AbandonedJob, run: RunContext): Promise<Recovery> {
    const recovery = await this.#commands.recover(abandoned, run)
    if (recovery.verdict !== 'interrupted') return recovery
    // A hook that failed as things were put right: somebody has to look.
    const error = recovery.result.error ?? INTERRUPTED.result.error
    return { ...INTERRUPTED, result: { ...INTERRUPTED.result, error } }
  }

  settled(job: Job): void {
    this.#commands.settled(job)
  }
}

const INTERRUPTED: RunReport = {
  verdict: 'failed',
  result: {
    exitCode: undefined,
    summary: undefined,
    error: {
      code: 'INTERRUPTED',
      message: 'the program that ran it ended',
      hint: 'What was done so far is kept: run it again.',
    },
  },
}
