import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

import { afterAll, beforeAll, inject } from 'vitest'

import { present } from '../../src/base/assert.ts'
import { INIT_WORDS, PASSWORD, placeEnvironment, placePaths, PROGRAM } from './program.ts'
import { RepositoryTemplate } from './repository-template.ts'
import { temporaryFolder } from './temporary-folder.ts'

export { PROGRAM }

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
  /** Program and first words of a command that becomes it. */
  readonly within?: readonly string[]
}

export type CliProcess = ChildProcessByStdio<Writable, Readable, Readable>

/** A user's private place: home, repository and files to back up; by default gone when the running test has finished. */
export class CliPlace {
  readonly folder: string
  readonly home: string
  readonly repository: string
  /** Where tests put what is to be backed up. */
  readonly source: string
  /** What the program gets as its environment. */
  readonly environment: Record<string, string>

  constructor(folder = temporaryFolder()) {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run \`npm run build\``)
    const { home, repository } = placePaths(folder)
    this.folder = folder
    this.home = home
    this.repository = repository
    this.source = join(folder, 'source')
    this.environment = placeEnvironment({ home, repository })
    mkdirSync(this.home)
    mkdirSync(this.source)
  }

  /** Starts the program without a controlling terminal, so that it asks nothing. */
  start(words: readonly string[], options: CliOptions = {}): CliProcess {
    const [program, ...first] = [...(options.within ?? []), process.execPath, PROGRAM]
    const child = spawn(present(program, 'what is started'), [...first, ...words], {
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

  /** Makes the repository, with a password that is cheap to derive; one in the place's own folder is a copy. */
  async init(): Promise<void> {
    const template = inject('repositoryTemplate')
    const { TIDEMARK_REPOSITORY, TIDEMARK_PASSWORD } = this.environment
    const isUsual = TIDEMARK_REPOSITORY === this.repository && TIDEMARK_PASSWORD === PASSWORD
    if (template === undefined || !isUsual) await this.succeed(INIT_WORDS)
    else new RepositoryTemplate(template).copyTo(this.folder)
  }

  /** Makes home and repository what they are in another place by now; this one has none yet. */
  become(other: CliPlace): void {
    new RepositoryTemplate(other.folder).copyTo(this.folder)
  }
}

/**
 * Makes a place for all tests of a file, or of a group, in which `prepare` does what all of them begin with. They leave it as
 * it was, or do not mind what others did.
 */
export function sharedPlace(prepare: (place: CliPlace) => Promise<void>): () => CliPlace {
  let place: CliPlace | undefined
  beforeAll(async () => {
    place = new CliPlace(mkdtempSync(join(tmpdir(), 'tidemark-test-')))
    await prepare(place)
  })
  afterAll(() => {
    if (place !== undefined) rmSync(place.folder, { recursive: true, force: true })
  })
  return () => {
    if (place === undefined) throw new Error('the place is there for tests alone')
    return place
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
