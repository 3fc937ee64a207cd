import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

import { temporaryFolder } from './temporary-folder.ts'

/** The built program, which `npm test` builds before. */
export const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'tidemark.js')
/** Compiled code: every place has a home of its own, in which the program would find none. */
const CODE_CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'tidemark-tests')

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stdoutBytes: Buffer
  readonly stderr: string
}

export interface CliOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** What comes on standard input; nothing by default. */
  readonly input?: string | Uint8Array
}

export type CliProcess = ChildProcessByStdio<Writable, Readable, Readable>

/** A user's private place: home, repository and files to back up, gone when the running test has finished. */
export class CliPlace {
  readonly folder = temporaryFolder()
  readonly home = join(this.folder, 'home')
  readonly repository = join(this.folder, 'repository')
  /** Where tests put what is to be backed up. */
  readonly source = join(this.folder, 'source')
  /** What the program gets as its environment. */
  readonly environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: this.home,
    TZ: 'UTC',
    NODE_COMPILE_CACHE: CODE_CACHE,
    TIDEMARK_PASSWORD: 'correct horse',
    TIDEMARK_REPOSITORY: this.repository,
  }

  constructor() {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run \`npm run build\``)
    mkdirSync(this.home)
    mkdirSync(this.source)
  }

  /** Starts the program without a controlling terminal, so that it asks nothing. */
  start(words: readonly string[], options: CliOptions = {}): CliProcess {
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      cwd: this.folder,
      env: { ...this.environment, ...options.environment },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    // A program that ends before it has read its input closes it.
    child.stdin.on('error', () => undefined)
    return child
  }

  async run(words: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    const child = this.start(words, options)
    child.stdin.end(options.input ?? '')
    return resultOf(child)
  }

  /** Runs the program and fails the test when it fails. */
  async succeed(words: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    const result = await this.run(words, options)
    if (result.code === 0) return result
    throw new Error(`tidemark ${words.join(' ')} ended with ${result.code ?? 'a signal'}:\n${result.stderr}`)
  }

  /** Makes the repository, with a password that is cheap to derive. */
  async init(): Promise<void> {
    await this.succeed(['init', '--no-recovery', '--kdf-memory', '8M'])
  }
}

/** Waits for the end of a program. */
export async function resultOf(child: CliProcess): Promise<CliResult> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (part: Buffer) => stdout.push(part))
  child.stderr.on('data', (part: Buffer) => stderr.push(part))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const stdoutBytes = Buffer.concat(stdout)
  return { code, stdout: stdoutBytes.toString('utf8'), stdoutBytes, stderr: Buffer.concat(stderr).toString('utf8') }
}

/** Parses newline-delimited JSON. */
export function eventsOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** Returns the last event of NDJSON output. */
export function summaryOf(stdout: string): Record<string, unknown> {
  return eventsOf(stdout).at(-1) ?? {}
}
