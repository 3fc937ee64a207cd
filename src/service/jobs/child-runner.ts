import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

import { atMost } from '../../base/at-most.ts'
import { errnoOf } from '../../base/errors.ts'
import { identityOf, isRunning, type ProcessIdentity } from '../../base/process-identity.ts'
import { wipe } from '../../crypto/secret.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'
import { encodeHandedSecret } from '../handed-secret.ts'
import type { CommandEnds, KeptEnd } from './command-ends.ts'
import type { JobRunner, RunCommand, RunEnd, RunRequest } from './job-runner.ts'
import { OutputLines } from './output-lines.ts'
import { parseEvent } from './parse-event.ts'

/** A summary that names every point of a large copy fits; what does not is no line of ours. */
const EVENT_CHARACTERS_MAX = 1 << 20
const TEXT_CHARACTERS_MAX = 4096
/** Enough for what is being stored to be stored, also over a slow line. */
const GRACE_MS = 60_000
/** How long what a command left running in the background may keep its output from ending. */
const OUTPUT_GRACE_MS = 1000
/** How long what a command that was stopped left behind may take to end, once the command itself is gone. */
const LEFT_GRACE_MS = 5000
const LOOK_MS = 50
/** What a timer can measure. */
const TIMER_MS_MAX = 2 ** 31 - 1
/** What a shell says of a program that it could not start. */
const NOT_STARTED = 127

/**
 * Waits for a word before it becomes the command, under the same number: a process that its worker could not note before
 * it died reads the end of its input instead, and has done nothing. What follows the word is the command's own input.
 */
const GATE = 'read -r word && exec "$@"'

/** What opens one of the repositories of a command: its own, or the one that it copies to. */
export interface HandedSecret {
  readonly option: '--secret-fd' | '--to-secret-fd'
  readonly secret: SlotSecret
}

export interface ChildRunnerOptions {
  /** How this program is started: interpreter, its options, script. */
  readonly program: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** What commands of this program find in their environment, and hooks do not; nothing when absent. */
  readonly ownEnvironment?: Readonly<Record<string, string>>
  readonly workingDirectory: string
  /**
   * Returns what a command of this program opens its repositories with, wiped once the command has it: each comes through a
   * pipe, as its option says. What is missing the command finds as it would for a person.
   */
  readonly secretsFor?: (words: readonly string[]) => readonly HandedSecret[]
  /** Where commands of this program say how they ended; they only say it on their output when absent. */
  readonly ends?: CommandEnds
  /** Milliseconds from the request to stop to the end by force; a minute when absent. */
  readonly graceMs?: number
}

/** The first that is not standard input, output or error. */
const FIRST_FD = 3

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** Runs commands as child processes, each the first of a process group of its own. */
export class ChildRunner implements JobRunner {
  readonly #options: ChildRunnerOptions
  readonly #graceMs: number

  constructor(options: ChildRunnerOptions) {
    this.#options = options
    this.#graceMs = options.graceMs ?? GRACE_MS
  }

  async run(request: RunRequest): Promise<RunEnd> {
    const child = await this.#start(request)
    if (child?.pid === undefined) return { exitCode: NOT_STARTED, signal: undefined, timedOut: false }
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    const outputEnded = follow(child, request)
    try {
      await request.onStarted(identityOf(child.pid))
    } catch (error) {
      child.stdin.destroy()
      await ended
      throw error
    }
    const stopping = new Stopping(child.pid, request, this.#graceMs)
    try {
      if (request.signal.aborted) child.stdin.destroy()
      else child.stdin.end(`go\n${request.command.input ?? ''}`)
      const [exitCode, signal] = await ended
      await stopping.endRest()
      await atMost(OUTPUT_GRACE_MS, outputEnded)
      return { exitCode: exitCode ?? undefined, signal: signal ?? undefined, timedOut: stopping.timedOut }
    } finally {
      stopping.end()
      child.stdout.destroy()
      child.stderr.destroy()
    }
  }

  async endLeftover(process: ProcessIdentity, kind: RunCommand['kind']): Promise<void> {
    // Without knowing when it was started, nobody can tell it from a later process of the same number.
    if (process.started === '' || !isRunning(process)) return
    kill(targetOf(process.pid, kind), 'SIGTERM')
    if (await this.#gone(process)) return
    kill(-process.pid, 'SIGKILL')
    await this.#gone(process)
  }

  endOf(run: string): KeptEnd | undefined {
    return this.#options.ends?.read(run)
  }

  forgetEnd(run: string): void {
    this.#options.ends?.forget(run)
  }

  /** Waits until a process is gone, for the length of the grace. */
  async #gone(process: ProcessIdentity): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < this.#graceMs; waitedMs += LOOK_MS) {
      if (!isRunning(process)) return true
      await sleep(LOOK_MS)
    }
    return !isRunning(process)
  }

  /** Starts a process that waits for its word; `undefined`, told to `onLine`, when the system has none to give. */
  async #start({ command, onLine }: RunRequest): Promise<Child | undefined> {
    try {
      const child = this.#spawn(command)
      // Without a number, it tells why in a moment.
      if (child.pid === undefined) await once(child, 'exit')
      // A command that ends before it has read its input closes it.
      child.stdin.on('error', () => undefined)
      return child
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === undefined) throw error
      onLine('err', `no process could be started: ${errno}`)
      return undefined
    }
  }

  #spawn(command: RunCommand): Child {
    const { program, environment, ends, ownEnvironment, workingDirectory, secretsFor } = this.#options
    const handed = command.kind === 'tidemark' ? (secretsFor?.(command.words) ?? []) : []
    const end = command.kind === 'tidemark' ? ends?.open(command.run) : undefined
    const options = [
      ...handed.map(({ option }, i) => `${option}=${FIRST_FD + i}`),
      ...(end === undefined ? [] : [`--end-fd=${FIRST_FD + handed.length}`]),
    ]
    const words = command.kind === 'tidemark' ? [...program, ...options, ...command.words] : command.command
    try {
      const child = spawn('/bin/sh', ['-c', GATE, 'sh', ...words], {
        cwd: workingDirectory,
        env: { ...environment, ...(command.kind === 'tidemark' ? ownEnvironment : command.variables) },
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe', ...handed.map(() => 'pipe' as const), ...(end === undefined ? [] : [end])],
      }) as Child
      if (child.pid === undefined) return child
      for (const [i, { secret }] of handed.entries()) hand(secret, child.stdio[FIRST_FD + i] as Writable)
      return child
    } finally {
      wipe(...handed.map(({ secret }) => secret.bytes))
      if (end !== undefined) closeSync(end)
    }
  }
}

/** Gives a secret to a process. */
function hand(secret: SlotSecret, pipe: Writable): void {
  const bytes = encodeHandedSecret(secret)
  // One that ended before it read it needs none.
  pipe.on('error', () => undefined)
  pipe.end(bytes, () => wipe(bytes))
}

/** Ends a command when it is to end: asked first, by force after a grace. */
class Stopping {
  timedOut = false
  readonly #pid: number
  readonly #request: RunRequest
  readonly #graceMs: number
  readonly #timers: NodeJS.Timeout[] = []
  #hasStopped = false
  readonly #onAbort = (): void => {
    this.#stop()
  }

  constructor(pid: number, request: RunRequest, graceMs: number) {
    this.#pid = pid
    this.#request = request
    this.#graceMs = graceMs
    const { signal, timeLimitMs } = request
    if (signal.aborted) this.#stop()
    signal.addEventListener('abort', this.#onAbort, { once: true })
    if (timeLimitMs === undefined) return
    const onTime = (): void => {
      this.timedOut = true
      this.#stop()
    }
    this.#timers.push(setTimeout(onTime, Math.min(timeLimitMs, TIMER_MS_MAX)))
  }

  /** Ends what a command that was stopped left of its group, which nobody waits for any more. */
  async endRest(): Promise<void> {
    if (!this.#hasStopped || !kill(-this.#pid, 'SIGTERM')) return
    const graceMs = Math.min(this.#graceMs, LEFT_GRACE_MS)
    for (let waitedMs = 0; waitedMs < graceMs; waitedMs += LOOK_MS) {
      await sleep(LOOK_MS)
      if (!kill(-this.#pid, 0)) return
    }
    kill(-this.#pid, 'SIGKILL')
  }

  end(): void {
    this.#request.signal.removeEventListener('abort', this.#onAbort)
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #stop(): void {
    this.#hasStopped = true
    kill(targetOf(this.#pid, this.#request.command.kind), 'SIGTERM')
    const force = (): void => {
      kill(-this.#pid, 'SIGKILL')
    }
    this.#timers.push(setTimeout(force, this.#graceMs))
  }
}

/** This program ends what it has started by itself, in order; a shell leaves its commands to whoever ends it. */
function targetOf(pid: number, kind: RunCommand['kind']): number {
  return kind === 'tidemark' ? pid : -pid
}

/** Returns whether there was anything to send a signal to, which may have ended by itself meanwhile; 0 asks for that alone. */
function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
    return false
  }
}

/** Passes on what a command says; resolves when it can say nothing more. */
async function follow(child: Child, { command, onEvent, onLine }: RunRequest): Promise<void> {
  const text = (from: 'out' | 'err') => (line: string) => {
    onLine(from, line)
  }
  const event = (line: string, isCut: boolean): void => {
    const fields = isCut ? undefined : parseEvent(line)
    if (fields === undefined) onLine('out', line.slice(0, TEXT_CHARACTERS_MAX))
    else onEvent(fields)
  }
  const out =
    command.kind === 'tidemark'
      ? new OutputLines(EVENT_CHARACTERS_MAX, event)
      : new OutputLines(TEXT_CHARACTERS_MAX, text('out'))
  const err = new OutputLines(TEXT_CHARACTERS_MAX, text('err'))
  await Promise.all([drain(child.stdout, out), drain(child.stderr, err)])
}

async function drain(stream: Readable, lines: OutputLines): Promise<void> {
  stream.on('data', (bytes: Buffer) => {
    lines.push(bytes)
  })
  // Destroyed by us, when something in the background keeps it open.
  await once(stream, 'close')
  lines.end()
}
