import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { type CliOptions, CliPlace, type CliProcess } from './cli.ts'
import { until } from './cli-mount.ts'
import { PASSWORD } from './program.ts'

/** A job as `job list` tells of it, as far as tests look. */
export interface ShownJob {
  readonly id: number
  readonly state: string
  readonly command: string
  readonly runs: number
  readonly started: string | null
  readonly finished: string | null
}

/** A daemon in a process of its own. */
export interface DaemonProcess {
  readonly pid: number
  readonly ended: Promise<number | null>
  /** What it said on standard error so far. */
  said(): string
  kill(signal: NodeJS.Signals): void
}

/** A user's private place whose plans a daemon follows; the password is in a file that the configuration names. */
export class DaemonPlace extends CliPlace {
  readonly configFile = join(this.folder, 'config.yaml')
  readonly passwordFile = join(this.folder, 'password')

  constructor() {
    super()
    writeFileSync(this.passwordFile, `${PASSWORD}\n`, { mode: 0o600 })
    const variables = { TIDEMARK_CONFIG: this.configFile, TIDEMARK_STATE_DIR: join(this.folder, 'state') }
    mkdirSync(variables.TIDEMARK_STATE_DIR, { mode: 0o700 })
    Object.assign(this.environment, variables)
    delete this.environment['TIDEMARK_PASSWORD']
    delete this.environment['TIDEMARK_REPOSITORY']
  }

  /** Makes the repository in the place's own folder. */
  override async init(): Promise<void> {
    const given = { TIDEMARK_REPOSITORY: this.repository, TIDEMARK_PASSWORD: PASSWORD }
    Object.assign(this.environment, given)
    await super.init()
    for (const name of Object.keys(given)) Reflect.deleteProperty(this.environment, name)
  }

  /** Writes the configuration: repositories by name and URL, and plans as YAML. */
  configure(repositories: Readonly<Record<string, string>>, plans: string): void {
    const entries = Object.entries(repositories).map(([name, url]) => {
      return `  ${name}:\n    url: ${url}\n    password: {file: ${this.passwordFile}}\n`
    })
    writeFileSync(this.configFile, `repositories:\n${entries.join('')}${plans}`)
  }

  /** Starts a daemon; resolves when it is ready. */
  async startDaemon(options?: CliOptions): Promise<DaemonProcess> {
    const child = this.start(['daemon', '--json'], options)
    const daemon = processOf(child)
    onTestFinished(async () => {
      daemon.kill('SIGTERM')
      await daemon.ended
    })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    const isReady = (): boolean => out.includes('"type":"ready"') || child.exitCode !== null
    await until(isReady)
    if (out.includes('"type":"ready"')) return daemon
    throw new Error(`the daemon did not start: ${daemon.said()}`)
  }

  /** Returns the jobs that there are, the first added first. */
  async jobs(): Promise<readonly ShownJob[]> {
    const { stdout } = await this.succeed(['job', 'list', '--json'])
    return (JSON.parse(stdout) as ShownJob[]).toReversed()
  }
}

function processOf(child: CliProcess): DaemonProcess {
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  return {
    pid: child.pid ?? 0,
    ended: new Promise((resolve) => child.once('close', (code) => resolve(code))),
    said: () => said,
    kill: (signal) => void child.kill(signal),
  }
}
