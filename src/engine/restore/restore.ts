import { toHex } from '../../base/bytes.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { idBytes } from '../../base/ids.ts'
import { type Randomness, systemRandomness } from '../../base/random.ts'
import type { OpenPointView } from '../point-view.ts'
import type { RestoreEvents, RestoreOptions, RestoreSummary } from '../restore-types.ts'
import type { Team, WorkerPool } from '../workers/worker-pool.ts'
import { AttributeWriter } from './attributes.ts'
import { FileRestorer } from './file-restorer.ts'
import { JobRunner } from './job-runner.ts'
import { type RestoreRepository, findStart, openTarget } from './plan-restore.ts'
import { nextTurn } from './next-turn.ts'
import { processRights } from './process-rights.ts'
import type { RestoreFile } from './restore-file.ts'
import type { RestoreSetup } from './restore-job.ts'
import { RestorePlanner } from './restore-planner.ts'
import { RestoreRun } from './restore-run.ts'
import { RestoreTally } from './restore-tally.ts'
import { SharedFiles } from './shared-files.ts'
import type { TargetTree } from './target-tree.ts'
import { TemporaryNames } from './temporary-names.ts'

/**
 * Files in a batch while threads have nothing else to do, and otherwise; and bytes. What is known of a file is held
 * until its batch is done. Frames are decoded once a batch: those on the border of two batches twice.
 */
const FIRST_FILES = 256
const BATCH_FILES = 2048
const BATCH_BYTES = 64 << 20
/** One is at work, and the next is ready, so that no thread waits for this one. */
const BATCHES_AT_ONCE = 2
/** Entries that are planned before threads that finished a job get another: few, or they wait for this one. */
const STEPS_IN_TURN = 64
const TOKEN_BYTES = 4

export interface RestoreInput {
  readonly view: OpenPointView
  readonly repository: RestoreRepository
  readonly workers: WorkerPool
  readonly options: RestoreOptions
  readonly events?: RestoreEvents
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock
  readonly randomness?: Randomness
}

/**
 * Restores what `options.path` names of a point into the target, and says what it did.
 *
 * What cannot be read or written is listed in the summary, and the rest goes on. Interrupted by `signal`, it stops
 * between frames and rejects with the signal's reason; restoring again finishes the rest, because a file gets its time
 * of change when it is whole.
 * @throws {UsageError} UNKNOWN_PATH, BAD_PATTERN; BAD_ARGUMENT: the target is no directory, and none can be made there.
 * @throws {TargetError} TARGET_UNSAFE, TARGET_FAILED, TARGET_DENIED: the target itself cannot be used.
 * @throws {KeyError} KEY_NOT_FULL: a backup-only key set reads nothing.
 */
export async function restore(input: RestoreInput): Promise<RestoreSummary> {
  const { view, options, events = {}, signal, clock = systemClock, randomness = systemRandomness } = input
  const start = await findStart(view, options)
  const rights = processRights()
  using target = openTarget(start.entry, options, { create: true })
  const tally = new RestoreTally(events, clock)
  const attributes = new AttributeWriter(rights)
  const temporaryNames = new TemporaryNames(toHex(randomness.bytes(TOKEN_BYTES)))
  const { verify, trustUnchanged = false } = options
  const run = new RestoreRun({ view, target, tally, attributes, verify, trustUnchanged, temporaryNames })
  const planner = new RestorePlanner({
    view,
    target,
    options,
    canSetOwners: rights.uid === 0,
    nowMs: clock.nowMs(),
    onFailure: (path, error) => tally.fail(path, error),
  })
  await using files = new FileQueue({ input, target, tally, attributes, run })
  let stepsInTurn = 0
  for await (const steps of planner.plan(start)) {
    signal?.throwIfAborted()
    for (const step of steps) {
      // Most entries need no waiting, and waiting costs more than they do.
      const taken = run.take(step)
      if (taken !== undefined) await taken
      if (files.isReady) await files.start()
      if (++stepsInTurn < STEPS_IN_TURN) continue
      stepsInTurn = 0
      await nextTurn()
    }
    if (files.isIdle) await files.start()
  }
  tally.isPlanned = true
  for (const warning of planner.warnings()) tally.note(warning)
  await files.drain()
  run.finish()
  for (const note of attributes.notes) tally.note(note)
  return tally.summary()
}

interface FileQueueOptions {
  readonly input: RestoreInput
  readonly target: TargetTree
  readonly tally: RestoreTally
  readonly attributes: AttributeWriter
  readonly run: RestoreRun
}

/** Restores the content of files batch by batch, while the next batch is planned. */
class FileQueue implements AsyncDisposable {
  readonly #options: FileQueueOptions
  readonly #shared: SharedFiles
  readonly #team: Promise<Team>
  #restorer: FileRestorer | undefined
  readonly #running = new Set<Promise<void>>()
  #hasFailed = false

  constructor(options: FileQueueOptions) {
    this.#options = options
    this.#shared = new SharedFiles(options.target, options.attributes)
    const { input, target } = options
    const { repository, workers } = input
    const setup = (): RestoreSetup => ({
      targetFd: target.fd,
      repositoryIdBytes: idBytes(repository.id),
      dataIdKey: repository.realm.idKey('data'),
      process: processRights(),
    })
    // Threads take a while to start: they do while the first batch is planned.
    this.#team = workers.open('restore', () => ({ setup: setup() }))
    this.#team.catch(() => undefined)
  }

  /** Whether there is enough for a batch. */
  get isReady(): boolean {
    const { run } = this.#options
    return run.files.length >= BATCH_FILES || run.bytes >= BATCH_BYTES
  }

  /** Whether threads have nothing to do though there is something. */
  get isIdle(): boolean {
    return this.#running.size === 0 && this.#options.run.files.length >= FIRST_FILES
  }

  /** Starts a batch of the files that were collected, once there are not too many batches at work. */
  async start(): Promise<void> {
    while (this.#running.size >= BATCHES_AT_ONCE) await Promise.race(this.#running)
    if (this.#hasFailed) await Promise.all(this.#running)
    const { run } = this.#options
    const batch = run.files
    run.files = []
    run.bytes = 0
    this.#restorer ??= await this.#open()
    const running = this.#restorer.restore(batch).then(() => {
      this.#running.delete(running)
    })
    this.#running.add(running)
    // It stays among those at work, so that whoever waits hears of it; nobody may be waiting yet.
    running.catch(() => (this.#hasFailed = true))
  }

  async drain(): Promise<void> {
    if (this.#options.run.files.length > 0) await this.start()
    await Promise.all(this.#running)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#running)
    const team = await this.#team.catch(() => undefined)
    await team?.[Symbol.asyncDispose]()
    this.#shared.abandon()
  }

  async #open(): Promise<FileRestorer> {
    const { input, target, tally, run } = this.#options
    const { repository, workers, view, options, signal } = input
    const [index, team] = await Promise.all([repository.index(), this.#team])
    const { driver } = repository
    return new FileRestorer({
      runner: new JobRunner({ team, threads: workers.threads, driver, index, signal }),
      index,
      blobs: view.blobs,
      target,
      shared: this.#shared,
      verify: options.verify,
      onWritten: (bytes) => (tally.bytesWritten += bytes),
      onNote: (note) => tally.note(note),
      onPart: ({ step }, bytes) => run.partDone(step, bytes),
      onVerified: (file, bytes) => run.verified(file, bytes),
      onWrittenFile: ({ step }) => run.done(step),
      onDone: (file) => this.#done(file),
    })
  }

  #done({ step, problem }: RestoreFile): void {
    const { input, tally, run } = this.#options
    if (problem !== undefined) run.fail(step, problem)
    else if (input.options.verify) tally.filesVerified++
  }
}
