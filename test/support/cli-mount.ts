import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

import { type CliPlace, type CliProcess, type CliResult, resultOf } from './cli.ts'

/** Far more than anything takes, however busy the machine is. */
const WAIT_MS_MAX = 120_000
const POLL_MS = 5

/** A mount by the program itself. It is gone when the running test has finished, however that ended. */
export class CliMount {
  readonly directory: string
  readonly process: CliProcess
  readonly #result: Promise<CliResult>

  private constructor(directory: string, process: CliProcess) {
    this.directory = directory
    this.process = process
    this.#result = resultOf(process)
  }

  /** Mounts the place's repository in a folder of the place, and waits until it is there. */
  static async open(place: CliPlace, words: readonly string[] = [], name = 'mount'): Promise<CliMount> {
    const directory = mountFolder(place, name)
    const mount = new CliMount(directory, place.start(['mount', directory, ...words]))
    onTestFinished(() => void mount.process.kill('SIGKILL'))
    let said = ''
    mount.process.stdout.on('data', (part: Buffer) => (said += part.toString()))
    await until(() => said.includes('Mounted') || mount.process.exitCode !== null)
    if (said.includes('Mounted')) return mount
    mount.process.kill('SIGKILL')
    throw new Error(`nothing was mounted:\n${(await mount.ended()).stderr}`)
  }

  path(...names: string[]): string {
    return join(this.directory, ...names)
  }

  /** Returns the names of the folders of points, the oldest first, also of those that were made in one second. */
  points(): string[] {
    const startOf = (name: string): string => {
      const record = JSON.parse(readFileSync(this.path('records', `${name}.json`), 'utf8')) as { started: string }
      return `${record.started}${name}`
    }
    const folders = readdirSync(this.path('points')).map((name) => ({ name, start: startOf(name) }))
    return folders.sort((a, b) => (a.start < b.start ? -1 : 1)).map(({ name }) => name)
  }

  /** Resolves once the process has ended. */
  async ended(): Promise<CliResult> {
    return this.#result
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<CliResult> {
    this.process.kill(signal)
    return this.#result
  }
}

/** Makes an empty folder of the place to mount over; whatever is mounted there is taken away after the test. */
export function mountFolder({ folder }: CliPlace, name = 'mount'): string {
  const directory = join(folder, name)
  // A dead mount takes no questions.
  if (!isMounted(directory)) mkdirSync(directory, { recursive: true })
  onTestFinished(() => void spawnSync('fusermount3', ['-uz', directory], { stdio: 'ignore' }))
  return directory
}

export function isMounted(directory: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${directory} `)
}

/** Waits until `condition` holds; returns whether it does. */
export async function until(condition: () => boolean, msMax = WAIT_MS_MAX): Promise<boolean> {
  for (const end = Date.now() + msMax; !condition(); await wait(POLL_MS)) if (Date.now() > end) return false
  return true
}

/** Runs an ordinary tool; returns what it printed, on both streams, and how it ended. */
export function run(tool: string, words: readonly string[]): { readonly code: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(tool, words, { encoding: 'utf8', maxBuffer: 1 << 28 })
  return { code: status, text: `${stdout}${stderr}` }
}

/** Returns how many descriptors a process has open, and its resident memory in bytes. */
export function usageOf(pid: number): { readonly descriptors: number; readonly residentBytes: number } {
  const resident = /VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, residentBytes: Number(resident?.[1] ?? 0) * 1024 }
}
