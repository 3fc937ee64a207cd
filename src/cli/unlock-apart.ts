import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { DaemonError } from '../base/errors.ts'
import type { CliContext } from './context.ts'
import { childEnvironment, ownProgram } from './own-program.ts'
import { openingVariables, placeVariables } from './secret-variables.ts'

/** What a command says of why it failed; the rest is cut off. */
const SAID_CHARACTERS_MAX = 2000

/**
 * Has a process of its own unlock a repository for the daemon that this process is, with what the environment says.
 *
 * Whatever it reads and derives on the way ends with it, also the copies that libraries and the collector leave behind; the
 * key comes back sealed, as from anybody who unlocks.
 *
 * @param variable that the configuration names for the password, if it names one.
 * @throws {DaemonError} DAEMON_FAILED: it did not, with what it said.
 */
export async function unlockApart(
  { paths, secrets, signal, surroundings, workingDirectory }: CliContext,
  repository: string,
  variable: string | undefined,
): Promise<void> {
  const [program, ...words] = ownProgram()
  const named = variable === undefined ? undefined : secrets.takeVariable(variable)
  const child = spawn(program, [...words, 'unlock', '--quiet', '--', repository], {
    cwd: workingDirectory,
    env: {
      ...childEnvironment({ paths, surroundings }),
      ...openingVariables(secrets.variables),
      ...placeVariables(secrets.variables),
      ...(variable === undefined || named === undefined ? {} : { [variable]: named }),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(0, SAID_CHARACTERS_MAX)))
  const [code] = (await once(child, 'close').catch((error: unknown) => {
    throw notUnlocked(repository, error instanceof Error ? error.message : String(error))
  })) as [number | null]
  if (code !== 0) throw notUnlocked(repository, said.trim().replace(/^tidemark: /, ''))
}

function notUnlocked(repository: string, why: string): DaemonError {
  return new DaemonError('DAEMON_FAILED', `${repository} cannot be unlocked with what the environment says: ${why}`)
}
