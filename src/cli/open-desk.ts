import { homedir } from 'node:os'

import { DaemonError } from '../base/errors.ts'
import type { Desk } from '../service/control/desk.ts'
import { ControlClient } from '../service/control/client.ts'
import type { CliContext } from './context.ts'
import { controlSocketOf } from './control-socket.ts'
import { describeInstance } from './instance-description.ts'

/** Said below what waits for a daemon. */
export const NO_DAEMON_RUNS =
  'No daemon runs, so nothing happens by itself: see `tidemark daemon` and `tidemark daemon install`.'

/** What commands ask about plans, jobs and notifications. Disposing of it closes it. */
export interface OpenDesk extends AsyncDisposable {
  readonly desk: Desk
  /** `undefined`: none runs, and the desk is that of its stores. */
  readonly daemon: ControlClient | undefined
}

/** Connects with the daemon of this user; `undefined` when none runs. @throws {DaemonError} DAEMON_FAILED */
export async function findDaemon({ surroundings, paths }: CliContext): Promise<ControlClient | undefined> {
  const socket = controlSocketOf(surroundings.environment, paths)
  return socket === undefined ? undefined : ControlClient.connect(socket.socketPath, socket.uid)
}

/** Connects with the daemon of this user. @throws {DaemonError} NO_DAEMON: none runs; DAEMON_FAILED */
export async function requireDaemon(context: CliContext): Promise<ControlClient> {
  const daemon = await findDaemon(context)
  if (daemon !== undefined) return daemon
  throw new DaemonError('NO_DAEMON', 'no daemon runs', {
    hint: 'Start it with `tidemark daemon`, or for good with `tidemark daemon install`.',
  })
}

/** Opens what the daemon, or else its stores and the configuration, say. @throws {StorageError} the stores cannot be read. */
export async function openDesk(context: CliContext): Promise<OpenDesk> {
  const daemon = await findDaemon(context)
  if (daemon !== undefined) {
    return { desk: daemon, daemon, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() }
  }
  return openStoredDesk(context)
}

async function openStoredDesk({ clock, output, paths, randomness }: CliContext): Promise<OpenDesk> {
  const [{ openInstance }, { InstanceFile }, { SqliteJobStore }, { SqliteNotificationStore }, ...others] =
    await Promise.all([
      import('../repository/instance-key.ts'),
      import('../service/instance-file.ts'),
      import('../service/jobs/sqlite-job-store.ts'),
      import('../service/notifications/sqlite-notification-store.ts'),
      import('../service/control/desk.ts'),
      import('../service/control/stored-daemon.ts'),
      import('../service/daemon/settings.ts'),
      import('../service/configuration.ts'),
    ])
  const [{ DaemonDesk }, { storedDaemon }, { decodeSettings }, { readConfigurationText }] = others
  const saved = new InstanceFile(paths.stateDirectory)
  const { id: instance } = await openInstance(saved, { describe: describeInstance, clock, randomness })
  const onDamaged = (movedTo: string, why: string): void => {
    output.warning(`what was known of earlier jobs and notifications is damaged (${why}): it lies in ${movedTo} now`)
  }
  await using opened = new AsyncDisposableStack()
  const store = { stateDirectory: paths.stateDirectory, clock, onDamaged }
  const jobs = opened.use(SqliteJobStore.open(store))
  const notifications = opened.use(SqliteNotificationStore.open(store))
  const file = paths.configFile
  // All of it, as a daemon would: a mistake anywhere keeps it from taking up any of it.
  const plans = async () =>
    decodeSettings({ file, home: homedir(), text: (await readConfigurationText(file)) ?? '' }).plans
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const desk = new DaemonDesk(storedDaemon({ instance, jobs, notifications, plans, clock, timeZone }), clock)
  const kept = opened.move()
  return { desk, daemon: undefined, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
