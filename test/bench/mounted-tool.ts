import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

import { type Measurement, readUsage } from './measure.ts'
import type { Command } from './measure.ts'
import type { Mounting, Place } from './tool.ts'

const POLL_MS = 2
const MOUNT_MS_MAX = 120_000
const IDLE = { cpuMs: 0, peakBytes: 0 }

/** A tool's mount, from the start of its process to the end of it. */
export class MountedTool implements AsyncDisposable {
  readonly #directory: string
  readonly #mounting: Mounting
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #usage = IDLE

  /** Starts the mount of what `place` holds, in a folder of its own. */
  constructor(mounting: Mounting, place: Place) {
    this.#mounting = mounting
    this.#directory = join(place.home, 'mount')
    mkdirSync(this.#directory)
    this.#child = start(mounting.mount(place, this.#directory), join(place.home, 'mount.log'))
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve))
  }

  /** Waits until it is mounted; returns what shows `source` in one of its backups. */
  async find(source: string): Promise<string> {
    for (const end = Date.now() + MOUNT_MS_MAX; !isMounted(this.#directory); await wait(POLL_MS)) {
      if (this.#child.exitCode !== null || Date.now() > end) throw new Error(`${this.#child.spawnfile} did not mount`)
    }
    const backups = this.#mounting.backups(this.#directory)
    const found = readdirSync(backups).map((name) => join(backups, name, source))
    const path = found.find((each) => existsSync(each))
    if (path === undefined) throw new Error(`${this.#child.spawnfile} mounted no backup of ${source}`)
    return path
  }

  /** Measures `work`: its wall time, and the processor time that the mount's process spends meanwhile. */
  measure(work: () => void): Measurement {
    const before = this.#readUsage()
    const start = process.hrtime.bigint()
    work()
    const wallMs = Number(process.hrtime.bigint() - start) / 1e6
    const after = this.#readUsage()
    return { wallMs, cpuMs: after.cpuMs - before.cpuMs, peakBytes: after.peakBytes }
  }

  /** What its process has taken from its start on. */
  get usage(): Pick<Measurement, 'cpuMs' | 'peakBytes'> {
    return this.#readUsage()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (isMounted(this.#directory)) execFileSync('fusermount3', ['-u', this.#directory])
    else this.#child.kill('SIGINT')
    await this.#ended
    rmdirSync(this.#directory)
  }

  #readUsage(): typeof IDLE {
    this.#usage = readUsage(this.#child.pid ?? 0) ?? this.#usage
    return this.#usage
  }
}

function start({ words, environment, cwd }: Command, log: string): ChildProcess {
  const descriptor = openSync(log, 'w')
  try {
    return spawn(words[0], words.slice(1), { cwd, env: environment, stdio: ['ignore', descriptor, descriptor] })
  } finally {
    closeSync(descriptor)
  }
}

function isMounted(directory: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${directory} `)
}
