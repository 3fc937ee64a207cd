import { type Command, Option } from 'commander'

import { JOB_STATES } from '../service/jobs/job.ts'
import type { InstallFlags } from './commands/daemon-install.ts'
import type { JobsFlags, ShowJobFlags } from './commands/job.ts'
import type { AcknowledgeFlags, NotificationsFlags } from './commands/notification.ts'
import type { RunPlanFlags } from './commands/plan.ts'
import type { CommandAction } from './run-command.ts'

type Run = (action: CommandAction) => Promise<void>

/** Adds what asks the daemon, and what it knows. */
export function defineDaemonCommands(program: Command, run: Run): void {
  definePlan(program, run)
  defineJob(program, run)
  defineNotification(program, run)
  program
    .command('event')
    .description('tell plans that wait for it that something happened')
    .argument('<EVENT>', 'its name')
    .argument('[JSON]', 'what there is to say of it')
    .action(async (name: string, about: string | undefined) => {
      await run(async (context) => (await import('./commands/event.ts')).raiseEvent(context, name, about))
    })
  program
    .command('unlock')
    .description('type the password once: the daemon opens the repository for all commands until it is locked')
    .argument('[REPO]')
    .action(async (repo: string | undefined) => {
      await run(async (context) => (await import('./commands/unlock.ts')).unlockCommand(context, repo))
    })
  program
    .command('lock')
    .description('have the daemon forget the key of a repository, or all keys')
    .argument('[REPO]')
    .action(async (repo: string | undefined) => {
      await run(async (context) => (await import('./commands/lock.ts')).lockCommand(context, repo))
    })
  defineDaemon(program, run)
}

function definePlan(program: Command, run: Run): void {
  const plan = program.command('plan').description('what is backed up by itself')
  plan
    .command('list')
    .description('list the plans, with what each step did last and does next')
    .action(async () => {
      await run(async (context) => (await import('./commands/plan.ts')).listPlans(context))
    })
  plan
    .command('run')
    .description('run the steps of a plan now')
    .argument('<PLAN>')
    .option('--step <STEP>', 'only this step')
    .action(async (name: string, flags: RunPlanFlags) => {
      await run(async (context) => (await import('./commands/plan.ts')).runPlan(context, name, flags))
    })
  for (const [word, description, paused] of [
    ['pause', 'have nothing of a plan run by itself', true],
    ['resume', 'let a plan go on; what was missed is caught up once', false],
  ] as const) {
    plan
      .command(word)
      .description(description)
      .argument('<PLAN>')
      .action(async (name: string) => {
        await run(async (context) => (await import('./commands/plan.ts')).setPaused(context, name, paused))
      })
  }
}

function defineJob(program: Command, run: Run): void {
  const job = program.command('job').description('what plans and the dashboard had run')
  job
    .command('list')
    .description('list jobs, the last first')
    .addOption(new Option('--state <STATE>', 'only those in this state').choices(JOB_STATES))
    .option('--plan <PLAN>', 'only those of a plan')
    .option('--limit <N>', 'at most so many', '50')
    .action(async (flags: JobsFlags) => {
      await run(async (context) => (await import('./commands/job.ts')).listJobs(context, flags))
    })
  job
    .command('show')
    .description('describe a job, with its log')
    .argument('<JOB>', 'its number')
    .option('-f, --follow', 'show what it says until it ends; exit code 1 unless it is done then')
    .action(async (id: string, flags: ShowJobFlags) => {
      await run(async (context) => (await import('./commands/job.ts')).showJob(context, id, flags))
    })
  job
    .command('cancel')
    .description('end a job, and what its plan was to do behind it; what it stored so far is kept')
    .argument('<JOB>', 'its number')
    .action(async (id: string) => {
      await run(async (context) => (await import('./commands/job.ts')).cancelJob(context, id))
    })
  job
    .command('resume')
    .description('queue a job anew that failed or was cancelled, or have one tried now that waits for that')
    .argument('<JOB>', 'its number')
    .action(async (id: string) => {
      await run(async (context) => (await import('./commands/job.ts')).resumeJob(context, id))
    })
}

function defineNotification(program: Command, run: Run): void {
  const notification = program.command('notification').description('what somebody should know')
  notification
    .command('list')
    .description('list what holds, the last first')
    .option('--all', 'what is over, too')
    .option('--plan <PLAN>', 'only those of a plan')
    .option('--limit <N>', 'at most so many', '50')
    .action(async (flags: NotificationsFlags) => {
      await run(async (context) => (await import('./commands/notification.ts')).listNotifications(context, flags))
    })
  notification
    .command('show')
    .description('show one with all that it says')
    .argument('<NOTIFICATION>', 'its number')
    .action(async (id: string) => {
      await run(async (context) => (await import('./commands/notification.ts')).showNotification(context, id))
    })
  notification
    .command('ack')
    .description('say that you have seen them')
    .argument('[NOTIFICATION...]', 'their numbers')
    .option('--all', 'all that hold')
    .action(async (ids: readonly string[], flags: AcknowledgeFlags) => {
      await run(async (context) =>
        (await import('./commands/notification.ts')).acknowledgeNotifications(context, ids, flags),
      )
    })
}

function defineDaemon(program: Command, run: Run): void {
  const daemon = program
    .command('daemon')
    .description('make backups happen by themselves: run in the foreground until it is told to stop')
    .action(async () => {
      await run(async (context) => (await import('./commands/daemon.ts')).runDaemon(context))
    })
  daemon
    .command('install')
    .description("have the user's service manager (systemd) run it, after each start of the machine")
    .option('--dry-run', 'only show what would be written and run')
    .action(async (flags: InstallFlags) => {
      await run(async (context) => (await import('./commands/daemon-install.ts')).installDaemon(context, flags))
    })
  daemon
    .command('uninstall')
    .description('take it away from the service manager')
    .option('--dry-run', 'change nothing')
    .action(async (flags: InstallFlags) => {
      await run(async (context) => (await import('./commands/daemon-install.ts')).uninstallDaemon(context, flags))
    })
  daemon
    .command('status')
    .description('tell how it stands')
    .action(async () => {
      await run(async (context) => (await import('./commands/daemon-status.ts')).daemonStatus(context))
    })
  daemon
    .command('stop')
    .description('end it; what runs stores what it has')
    .action(async () => {
      await run(async (context) => (await import('./commands/daemon-status.ts')).stopDaemon(context))
    })
  daemon
    .command('reload')
    .description('have it read the configuration again')
    .action(async () => {
      await run(async (context) => (await import('./commands/daemon-status.ts')).reloadDaemon(context))
    })
}
