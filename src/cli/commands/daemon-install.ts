import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

import { utf8 } from '../../base/bytes.ts'
import { DaemonError } from '../../base/errors.ts'
import { readPrivateFile, writePrivateFile } from '../../service/private-file.ts'
import type { CliContext } from '../context.ts'
import { nonEmpty } from '../environment.ts'
import { userUnit } from '../systemd-unit.ts'

export interface InstallFlags {
  readonly dryRun?: boolean
}

const UNIT = 'tidemark.service'
const UNIT_BYTES_MAX = 1 << 16
/** Where files of this installation lie, as whoever installs it has it. */
const KEPT_VARIABLES = ['TIDEMARK_CONFIG', 'TIDEMARK_STATE_DIR', 'TIDEMARK_CACHE_DIR'] as const

interface Command {
  readonly words: readonly [string, ...string[]]
  /** What is said where it does not work; it ends the installation unless it says so. */
  readonly otherwise?: string
}

/** Has the user's service manager run the daemon, now, after each start of the machine, and without a session. */
export async function installDaemon(context: CliContext, { dryRun }: InstallFlags): Promise<undefined> {
  const { output } = context
  const unit = userUnit({ words: startWords(context), environment: keptVariables(context) })
  const path = unitPath(context)
  const commands: readonly Command[] = [
    { words: ['systemctl', '--user', 'daemon-reload'] },
    { words: ['systemctl', '--user', 'enable', UNIT] },
    { words: ['systemctl', '--user', 'restart', UNIT] },
    {
      words: ['loginctl', 'enable-linger', userInfo().username],
      otherwise: 'it runs only while you are logged in',
    },
  ]
  if (dryRun === true) {
    if (output.json) output.document({ unit: path, text: unit, commands: commands.map(({ words }) => words) })
    else tellPlan(context, { path, unit, commands })
    return
  }
  writePrivateFile(path, utf8(unit))
  const lingers = await runAll(context, commands).catch((error: unknown) => {
    throw error instanceof DaemonError ? notTakenUp(error, path) : error
  })
  if (output.json) output.document({ unit: path, enabled: true, lingers })
  else output.message(`The daemon runs, and will after each start of this machine (${path}).`)
}

/** Takes the daemon away from the service manager; plans, jobs and notifications stay. */
export async function uninstallDaemon(context: CliContext, { dryRun }: InstallFlags): Promise<undefined> {
  const { output } = context
  const path = unitPath(context)
  const isThere = readPrivateFile(path, UNIT_BYTES_MAX) !== undefined
  const commands: readonly Command[] = [
    { words: ['systemctl', '--user', 'disable', '--now', UNIT] },
    { words: ['systemctl', '--user', 'daemon-reload'] },
  ]
  if (dryRun !== true && isThere) {
    await runAll(context, commands.slice(0, 1))
    rmSync(path, { force: true })
    await runAll(context, commands.slice(1))
  }
  if (output.json) output.document({ unit: path, removed: isThere && dryRun !== true })
  else if (!isThere) output.message(`No daemon is installed: there is no ${path}.`)
  else if (dryRun === true) output.message(`${path} would be removed, and the daemon stopped.`)
  else output.message('The daemon is stopped, and is started no more. Lingering is left as it is.')
}

/** Says that the unit stays where it was written: whoever mends what is missing has nothing else to do again. */
function notTakenUp(error: DaemonError, path: string): DaemonError {
  return new DaemonError('DAEMON_FAILED', `${error.message}; ${path} is written, but nothing runs it yet`, {
    cause: error,
    hint: `${error.hint ?? ''} \`tidemark daemon uninstall\` or \`rm\` takes the file away.`.trim(),
  })
}

/** Runs commands of the service manager; returns whether all did what they should. */
async function runAll({ output }: CliContext, commands: readonly Command[]): Promise<boolean> {
  let isWhole = true
  for (const { words, otherwise } of commands) {
    const problem = await problemOf(words)
    if (problem === undefined) continue
    if (otherwise === undefined) {
      throw new DaemonError('DAEMON_FAILED', `\`${words.join(' ')}\` failed: ${problem}`, {
        hint: 'Run it by hand to see what is missing; without systemd, have `tidemark daemon` started as this system does.',
      })
    }
    isWhole = false
    output.warning(`${otherwise}: \`${words.join(' ')}\` failed (${problem}); an administrator may type it`)
  }
  return isWhole
}

/** Runs a program; returns what went wrong, if anything. */
async function problemOf([program, ...words]: Command['words']): Promise<string | undefined> {
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-1000)))
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code) => resolve(code === 0 ? undefined : said.trim() || `exit code ${code ?? '?'}`))
  })
}

function tellPlan({ output }: CliContext, plan: { path: string; unit: string; commands: readonly Command[] }): void {
  output.line(`# ${plan.path}`)
  for (const line of plan.unit.trimEnd().split('\n')) output.line(line)
  output.line('')
  for (const { words } of plan.commands) output.line(`# ${words.join(' ')}`)
}

function startWords({ flags, paths }: CliContext): readonly string[] {
  const options = [
    ...(flags.config === undefined ? [] : [`--config=${paths.configFile}`]),
    ...(flags.cacheDir === undefined ? [] : [`--cache-dir=${paths.cacheDirectory}`]),
  ]
  return [process.execPath, ...process.execArgv, resolve(process.argv[1] ?? ''), 'daemon', ...options]
}

function keptVariables({ surroundings, workingDirectory }: CliContext): Record<string, string> {
  return Object.fromEntries(
    KEPT_VARIABLES.flatMap((name) => {
      const value = nonEmpty(surroundings.environment[name])
      return value === undefined ? [] : [[name, resolve(workingDirectory, value)]]
    }),
  )
}

function unitPath({ surroundings }: CliContext): string {
  const given = surroundings.environment['XDG_CONFIG_HOME']
  const folder = given !== undefined && isAbsolute(given) ? given : join(homedir(), '.config')
  return join(folder, 'systemd', 'user', UNIT)
}
