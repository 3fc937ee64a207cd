import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'

import { volumeState } from '../../../drivers/external/volume-state.ts'
import { UsageError } from '../../base/errors.ts'
import { wipe } from '../../crypto/secret.ts'
import { systemScheduler } from '../../repository/run-object.ts'
import { openInstance } from '../../repository/instance-key.ts'
import { lockDaemon } from '../../service/daemon/daemon-lock.ts'
import { KeptConfiguration } from '../../service/daemon/kept-configuration.ts'
import { MainLoop } from '../../service/daemon/main-loop.ts'
import { MetricsServer } from '../../service/daemon/metrics.ts'
import { InstanceFile } from '../../service/instance-file.ts'
import { ChildRunner } from '../../service/jobs/child-runner.ts'
import { CommandEnds } from '../../service/jobs/command-ends.ts'
import { SqliteJobStore } from '../../service/jobs/sqlite-job-store.ts'
import { openChannel } from '../../service/notifications/open-channel.ts'
import { SqliteNotificationStore } from '../../service/notifications/sqlite-notification-store.ts'
import type { SecretSource } from '../../service/secret-source.ts'
import type { StoreSpace } from '../../storage/driver.ts'
import { readConfiguredSecret } from '../configured-secrets.ts'
import type { CliContext } from '../context.ts'
import { DaemonControl } from '../daemon-control.ts'
import { driverKindOf, openDriver } from '../drivers.ts'
import { describeInstance } from '../instance-description.ts'
import { placeOf, surroundingsOf } from '../open-store.ts'
import { childEnvironment, ownProgram } from '../own-program.ts'
import { readyText } from '../plan-format.ts'
import { describeProblem } from '../report-error.ts'
import { placeVariables } from '../secret-variables.ts'
import { serviceManager, Watchdog } from '../service-manager.ts'
import { toolVersion } from '../version.ts'

const DISKS_FOLDER = '/dev/disk'

/** Does what plans say until it is stopped or interrupted. */
export async function runDaemon(given: CliContext): Promise<undefined> {
  // Nobody is there to be asked.
  const secrets = { ...given.secrets, interactive: false }
  const context: CliContext = { ...given, secrets, surroundings: { ...given.surroundings, secrets } }
  const { clock, output, paths, randomness, signal } = context
  // Given back in the reverse order: nobody is answered any more when the stores are closed, and the lock goes last.
  await using owned = new AsyncDisposableStack()
  owned.use(lockDaemon(paths.stateDirectory, process.pid))
  const control = owned.use(await DaemonControl.open(context))
  const saved = new InstanceFile(paths.stateDirectory)
  const { id: instance } = await openInstance(saved, { describe: describeInstance, clock, randomness })
  const onDamaged = (movedTo: string, why: string): void => {
    output.warning(`what was known of earlier jobs and notifications is damaged (${why}): it lies in ${movedTo} now`)
  }
  const store = { stateDirectory: paths.stateDirectory, clock, onDamaged }
  const jobs = owned.use(SqliteJobStore.open(store))
  const notifications = owned.use(SqliteNotificationStore.open(store))
  const tell = serviceManager(context.surroundings.environment)
  const onProblem = (problem: unknown): void => output.warning(describeProblem(problem))
  const watchdog = new Watchdog(context.surroundings.environment, { clock, feed: () => tell('WATCHDOG=1') })
  let isReady = false
  const daemon: MainLoop = new MainLoop({
    ...{ jobs, notifications, instance, clock, randomness, scheduler: systemScheduler, keys: control, onProblem },
    runner: runnerFor(context),
    kept: new KeptConfiguration({ stateDirectory: paths.stateDirectory, file: paths.configFile, onProblem }),
    ...{ configFile: paths.configFile, home: homedir(), bootId: bootId(), version: toolVersion(), pid: process.pid },
    ...{ timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, volumeState, disksFolder: DISKS_FOLDER },
    after: (ms, act) => {
      const timer = setTimeout(act, ms)
      return () => clearTimeout(timer)
    },
    space: async (repository) => spaceOf(context, repository),
    openChannel: (settings) => openChannel(settings, async (source) => secretText(context, source)),
    onTurn: () => {
      if (!isReady) {
        tell('READY=1')
        sayReady(context, daemon)
      }
      isReady = true
      watchdog.turn()
    },
    lookMs: watchdog.lookMs,
  })
  owned.use(await control.listen(daemon))
  const metrics = owned.use(new MetricsServer(daemon))
  // A terminal that is closed ends what runs in its foreground; a service is told so to read its configuration again.
  if (!process.stdin.isTTY) context.onHangUp(() => void daemon.reload().catch(onProblem))
  context.sayWhenInterrupted('stopping; jobs that run are queued again, with all that they stored kept')
  daemon.subscribe(({ type }) => {
    if (type === 'stopping') tell('STOPPING=1')
    if (type === 'plans') metrics.follow(daemon.settings?.metrics).catch(onProblem)
  })
  await daemon.run(signal)
}

function sayReady({ output, paths }: CliContext, { mistake, settings }: MainLoop): void {
  const plans = settings?.plans.length ?? 0
  if (output.json) output.event('ready', { pid: process.pid, plans })
  else output.message(readyText({ file: paths.configFile, plans, isMistaken: mistake !== undefined }))
}

/**
 * What the environment says of the places where repositories lie reaches commands of this program, which take it out of theirs
 * at once, and nothing else.
 */
function runnerFor(context: CliContext): ChildRunner {
  return new ChildRunner({
    program: ownProgram(),
    environment: childEnvironment(context),
    ownEnvironment: placeVariables(context.secrets.variables),
    workingDirectory: context.workingDirectory,
    ends: new CommandEnds(context.paths.stateDirectory, context.clock),
  })
}

/** Returns how much room a store has; a bucket never says, and its client is not loaded to be asked. */
async function spaceOf(context: CliContext, repository: string): Promise<StoreSpace | undefined> {
  const place = await placeOf(context, repository)
  if (driverKindOf(place).name === 's3') return undefined
  await using driver = await openDriver(place, await surroundingsOf(context, place))
  return await driver.space?.(context.signal)
}

async function secretText({ secrets }: CliContext, source: SecretSource): Promise<string> {
  if (source.from === 'sealed') {
    throw new UsageError('BAD_CONFIGURATION', 'a secret of a channel is sealed, and no repository opens it', {
      hint: 'Write it as {env: NAME}, {file: PATH} or {command: "…"}.',
    })
  }
  const bytes = await readConfiguredSecret(secrets, { source, key: 'channels' })
  try {
    return Buffer.from(bytes).toString('utf8')
  } finally {
    wipe(bytes)
  }
}

/** Returns what tells this start of the machine from every other, where the system tells. */
function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return undefined
  }
}
