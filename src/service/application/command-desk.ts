import { resolve } from 'node:path'

import { UsageError } from '../../base/errors.ts'
import { checkTags } from '../../engine/point-words.ts'
import { encodeSelection } from '../restore-selection.ts'
import type { DaemonKeys } from './daemon-keys.ts'
import type { DaemonLink } from './daemon-link.ts'
import type { JobDesk } from './job-desk.ts'
import type { KnownRepository } from './known-repository.ts'
import type { Application, BackupWishes } from './port.ts'
import { selectionOf } from './previewing.ts'
import type { RepositoryDesk } from './repository-desk.ts'
import type { Handle, RestoreRequest } from './shown.ts'

type Commands = Pick<Application, 'restore' | 'undo' | 'forget' | 'check' | 'backup'>

export interface CommandDeskOptions {
  readonly desk: Pick<RepositoryDesk, 'get'>
  readonly daemon: Pick<DaemonLink, 'client'>
  readonly keys: DaemonKeys
  readonly jobs: JobDesk
  /** What paths that were typed are relative to. */
  readonly workingDirectory: string
}

/** Has commands done on repositories that are open here: each is a job, of the daemon or of this process. */
export class CommandDesk implements Commands {
  readonly #options: CommandDeskOptions

  constructor(options: CommandDeskOptions) {
    this.#options = options
  }

  async restore(request: RestoreRequest): Promise<Handle> {
    const { repository, point, target, deleteOthers } = request
    const where = target === undefined ? ['--in-place'] : ['--target', this.#pathOf(target)]
    const others = deleteOthers ? ['--delete'] : []
    // What faces name is a uuid, never an option.
    const how = ['--selection', '-', '--undo', '--verify', '--trust-unchanged', '--yes']
    return this.#ask(
      repository,
      ['restore', ...where, ...others, ...how, '--', point],
      encodeSelection(selectionOf(request)),
    )
  }

  async undo(repository: string, undo: string): Promise<Handle> {
    return this.#ask(repository, ['undo', '--yes', '--', undo])
  }

  async forget(repository: string, points: readonly string[]): Promise<Handle> {
    if (points.length > 0) return this.#ask(repository, ['forget', '--', ...points])
    throw new UsageError('BAD_ARGUMENT', 'no point was chosen to be forgotten', { hint: 'Mark the points first.' })
  }

  async check(repository: string, readPercent: number): Promise<Handle> {
    return this.#ask(repository, ['check', ...(readPercent > 0 ? [`--read-data=${readPercent}`] : [])])
  }

  async backup(repository: string, sources: readonly string[], how?: BackupWishes): Promise<Handle> {
    const tags = checkTags(how?.tags ?? []).map((tag) => `--tag=${tag}`)
    const excludes = (how?.excludes ?? []).map((pattern) => `--exclude=${pattern}`)
    const paths = sources.map((source) => this.#pathOf(source))
    return this.#ask(repository, ['backup', ...tags, ...excludes, '--', ...paths])
  }

  /** Whoever runs it is given what opened the repository. */
  async #ask(repository: string, words: readonly string[], input?: string): Promise<Handle> {
    const { desk, daemon, jobs, keys } = this.#options
    const known = await desk.get(repository)
    await requireOpen(known, daemon)
    await keys.hold(known)
    return jobs.ask({ words, repository, ...(input === undefined ? {} : { input }) })
  }

  #pathOf(typed: string): string {
    return resolve(this.#options.workingDirectory, typed)
  }
}

/**
 * Makes sure that another process can open a repository: with what opened it here, or by asking the daemon.
 *
 * @throws {KeyError} WRONG_KEY: it is locked, or nothing is known that opens it.
 */
export async function requireOpen(known: KnownRepository, { client }: Pick<DaemonLink, 'client'>): Promise<void> {
  await known.use(async () => undefined)
  if (client === undefined) known.requireOwnSecret()
}
