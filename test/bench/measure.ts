import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A program to run, with its arguments. */
export interface Command {
  readonly words: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  readonly cwd: string
}

/** What one run of a program took. */
export interface Measurement {
  readonly wallMs: number
  /** User and system time of all its threads. */
  readonly cpuMs: number
  /** The largest resident set of its process. */
  readonly peakBytes: number
}

const GNU_TIME = '/usr/bin/time'
const POLL_MS = 20
/** Linux counts processor time for user programs in hundredths of a second. */
const TICK_MS = 10

const hasGnuTime = existsSync(GNU_TIME) && spawnSync(GNU_TIME, ['-f', '%U %S %M', 'true']).status === 0

/** How processor time and memory are measured here, for the report. */
export const METHOD = hasGnuTime ? 'GNU time' : 'reading /proc every 20 ms'

/** Returns the processor time of a process and its largest resident set so far, or `undefined` when it has ended. */
export function readUsage(pid: number): Pick<Measurement, 'cpuMs' | 'peakBytes'> | undefined {
  try {
    // After the name in brackets, which may hold anything: state is field 3, utime 14, stime 15.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
    if (peak === null) return undefined
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, peakBytes: Number(peak[1]) * 1024 }
  } catch {
    return undefined
  }
}

/** Runs a program to its end and measures it. Throws, with the end of what it printed, unless it exits with 0. */
export async function measure({ words, environment, cwd }: Command): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-measure-'))
  const log = openSync(join(folder, 'log'), 'w')
  const usageFile = join(folder, 'usage')
  const all = hasGnuTime ? [GNU_TIME, '-f', '%U %S %M', '-o', usageFile, '--', ...words] : words
  try {
    const start = process.hrtime.bigint()
    const child = spawn(all[0] ?? '', all.slice(1), { cwd, env: environment, stdio: ['ignore', log, log] })
    let usage = { cpuMs: 0, peakBytes: 0 }
    const poll = hasGnuTime ? undefined : setInterval(() => (usage = readUsage(child.pid ?? 0) ?? usage), POLL_MS)
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', resolve)
    })
    const wallMs = Number(process.hrtime.bigint() - start) / 1e6
    clearInterval(poll)
    if (code !== 0) {
      const printed = readFileSync(join(folder, 'log'), 'utf8').slice(-2000)
      throw new Error(`${words.join(' ')} ended with exit code ${code}:\n${printed}`)
    }
    if (hasGnuTime) {
      const [user, system, peak] = readFileSync(usageFile, 'utf8').trim().split(' ').map(Number)
      usage = { cpuMs: ((user ?? 0) + (system ?? 0)) * 1000, peakBytes: (peak ?? 0) * 1024 }
    }
    return { wallMs, ...usage }
  } finally {
    closeSync(log)
    rmSync(folder, { recursive: true })
  }
}
