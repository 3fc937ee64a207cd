import { homedir } from 'node:os'

import { present } from '../base/assert.ts'
import { StorageError } from '../base/errors.ts'
import { KDF_DEFAULT } from '../crypto/kdf.ts'
import { openInstance } from '../repository/instance-key.ts'
import { systemScheduler } from '../repository/run-object.ts'
import { DaemonKeys } from '../service/application/daemon-keys.ts'
import { DaemonLink, type DaemonLinkOptions } from '../service/application/daemon-link.ts'
import { JobDesk } from '../service/application/job-desk.ts'
import { LocalApplication } from '../service/application/local-application.ts'
import { notificationDesk } from '../service/application/notification-desk.ts'
import { ConfiguredPlans } from '../service/application/plan-desk.ts'
import type { Application } from '../service/application/port.ts'
import { Repositories, type Stores } from '../service/application/repositories.ts'
import { RepositoryDesk } from '../service/application/repository-desk.ts'
import { otherRepositoryOf, repositoryOf } from '../service/application/show-job.ts'
import { SlotDesk } from '../service/application/slot-desk.ts'
import { Topics } from '../service/application/topics.ts'
import { InstanceFile } from '../service/instance-file.ts'
import { ChildRunner, type HandedSecret } from '../service/jobs/child-runner.ts'
import { CommandEnds } from '../service/jobs/command-ends.ts'
import { SqliteJobStore } from '../service/jobs/sqlite-job-store.ts'
import { SqliteNotificationStore } from '../service/notifications/sqlite-notification-store.ts'
import type { ChangeDocument } from '../service/control/documents.ts'
import type { GivenSecret } from '../service/keys/held-key.ts'
import type { RepositoryPlace } from '../service/resolve-repository.ts'
import { applicationMounting, outputInto } from './application-mounting.ts'
import { configuredPassword } from './configured-secrets.ts'
import type { CliContext } from './context.ts'
import { daemonKeyOf } from './daemon-key.ts'
import { deriveHeldKey } from './derive-held-key.ts'
import { driverKindOf, openDriver } from './drivers.ts'
import { pathVariables } from './environment.ts'
import { describeInstance } from './instance-description.ts'
import { findDaemon } from './open-desk.ts'
import { surroundingsOf } from './open-store.ts'
import { placeVariables } from './secret-variables.ts'
import { openingSecret } from './secrets.ts'
import { toolVersion } from './version.ts'

/**
 * Opens the application service in this process. Disposing of it ends the jobs that it runs, forgets all keys and closes
 * all repositories.
 *
 * @throws {StorageError} the state folder cannot be used.
 */
export async function openApplication(given: CliContext): Promise<Application> {
  // A face has the terminal to itself: what is to be asked is asked by it.
  const secrets = { ...given.secrets, interactive: false }
  const context: CliContext = { ...given, secrets, surroundings: { ...given.surroundings, secrets } }
  const { clock, paths, randomness, workingDirectory } = context
  const topics = new Topics()
  const stores = storesOf(context)
  const repositories = new Repositories({
    ...{ clock, describeInstance, paths, randomness, stores, workingDirectory },
    given: context.repository,
    after: (ms, act) => {
      const timer = setTimeout(act, ms)
      timer.unref()
      return () => clearTimeout(timer)
    },
    givenSecret: async (place) => givenSecret(context, place),
    onChange: () => topics.tell('repositories', 'points', 'health'),
  })
  const saved = new InstanceFile(paths.stateDirectory)
  const { id: instance } = await openInstance(saved, { describe: describeInstance, clock, randomness })
  const onDamaged = (movedTo: string, why: string): void => {
    context.output.warning(`what was known of earlier jobs is damaged (${why}): it lies in ${movedTo} now`)
  }
  const store = SqliteJobStore.open({ stateDirectory: paths.stateDirectory, clock, onDamaged })
  const notifications = SqliteNotificationStore.open({ stateDirectory: paths.stateDirectory, clock, onDamaged })
  const daemon = linkOf(context, {
    onChange: (change) => follow(change, { jobs, topics }),
    onHost: () => topics.tell('daemon'),
  })
  const keys = new DaemonKeys({
    daemon,
    derive: async (known, secret) => {
      // What is wrong with it is told by those who look into it here.
      const given = { ...context, output: outputInto([]), secrets: { ...secrets, inherited: async () => secret } }
      return (await deriveHeldKey(given, known.place.name ?? known.place.url)).key
    },
  })
  const jobs = new JobDesk({
    ...{ store, daemon, instance, clock, randomness, scheduler: systemScheduler },
    runner: new ChildRunner({
      program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
      environment: environmentOf(context),
      ownEnvironment: placeVariables(secrets.variables),
      workingDirectory,
      secretsFor: (words) => secretsFor(repositories, words),
      ends: new CommandEnds(paths.stateDirectory, clock),
    }),
    onChange: (hasEnded) => topics.tell('jobs', ...(hasEnded ? (['points', 'health', 'plans'] as const) : [])),
  })
  await jobs.begin()
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const stored = { repositories, jobs, store, instance, clock, timeZone, daemon, keys }
  return new LocalApplication({
    ...{ repositories, jobs, daemon, keys, stores, topics, paths, workingDirectory, clock, randomness },
    scheduler: systemScheduler,
    desk: new RepositoryDesk({
      ...{ repositories, stores, paths, clock, randomness, kdf: KDF_DEFAULT },
      onChange: () => topics.tell('repositories', 'health'),
    }),
    slots: new SlotDesk({ repositories, configFile: paths.configFile, clock, randomness, kdf: KDF_DEFAULT }),
    plans: new ConfiguredPlans({ ...stored, configFile: paths.configFile, home: homedir() }),
    notifications: notificationDesk(notifications, instance),
    mounting: applicationMounting(context),
    user: process.getuid?.() ?? 0,
    version: toolVersion(),
  })
}

/** Begins to look for the daemon of this user. */
function linkOf(context: CliContext, told: Pick<DaemonLinkOptions, 'onChange' | 'onHost'>): DaemonLink {
  const { clock, paths } = context
  return new DaemonLink({
    ...{ ...told, clock, configFile: paths.configFile, version: toolVersion(), scheduler: systemScheduler },
    connect: async () => findDaemon(context),
    onBug: (error) => {
      throw error
    },
  })
}

/** Tells faces what a daemon did. */
function follow(change: ChangeDocument, { jobs, topics }: { readonly jobs: JobDesk; readonly topics: Topics }): void {
  switch (change.type) {
    case 'job':
      jobs.changed(change.job).catch((error: unknown) => {
        // Whoever asks the store next is told.
        if (!(error instanceof StorageError)) throw error
      })
      return
    case 'notification':
      return topics.tell('notifications', 'health')
    case 'plans':
      return topics.tell('plans')
    case 'listening':
    case 'stopping':
  }
}

function storesOf(context: CliContext): Stores {
  return {
    driverName: (place) => driverKindOf(place).name,
    open: async (place, password) => openDriver(place, await surroundingsOf(context, place, password)),
    openToTest: async (place, password) => {
      const surroundings = await surroundingsOf(context, place, password)
      return driverKindOf(place).open(place.url, { ...surroundings, remembered: undefined })
    },
    create: async (place, password) => {
      await driverKindOf(place).create(place.url, await surroundingsOf(context, place, password))
    },
    acceptHostKey: async (place, key) => {
      const accept = present(driverKindOf(place).acceptHostKey, 'its driver said that the key is not known')
      await accept(place.url, key, context.surroundings.environment)
    },
  }
}

/** Returns what environment, an unlocked daemon or configuration say opens a repository, as commands get it. */
async function givenSecret(context: CliContext, place: RepositoryPlace): Promise<GivenSecret | undefined> {
  const held = await daemonKeyOf(context, place)
  if (held !== undefined) return held
  const { secrets } = context
  const { keyFile, password, passwordCommand, passwordFile, recoveryCode } = secrets.variables
  const configured = configuredPassword(place)
  const any = [keyFile, password, passwordCommand, passwordFile, recoveryCode, configured, secrets.inherited]
  return any.every((each) => each === undefined) ? undefined : openingSecret(secrets, place.url, configured)
}

/** Processes of jobs are given what opened the repositories that they are about. */
function secretsFor(repositories: Repositories, words: readonly string[]): readonly HandedSecret[] {
  const named = [
    { option: '--secret-fd', name: repositoryOf(words) },
    { option: '--to-secret-fd', name: otherRepositoryOf(words) },
  ] as const
  return named.flatMap(({ option, name }) => {
    const secret = name === undefined ? undefined : repositories.find(name)?.secret()
    return secret === undefined ? [] : [{ option, secret }]
  })
}

/** Jobs look where this process looks, whichever options it was given. */
function environmentOf({ paths, surroundings }: CliContext): Record<string, string> {
  const inherited = Object.entries(surroundings.environment).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined
  })
  return {
    ...Object.fromEntries(inherited),
    ...pathVariables(paths),
  }
}
