import { errnoOf } from '../base/errors.ts'
import { leaveMemoryOutOfCoreDumps } from './core-dumps.ts'
import { EXIT_DONE, EXIT_FAILED } from './exit-codes.ts'
import { takeSecretVariables } from './secret-variables.ts'
import { toolVersion } from './version.ts'

/** Runs the command line `words` (without interpreter and script) and ends the process with its exit code. */
export async function main(words: readonly string[]): Promise<void> {
  // The version is written by nobody who looks at what becomes of it.
  process.stdout.on('error', (error) => {
    if (errnoOf(error) !== 'EPIPE') process.exitCode = EXIT_FAILED
  })
  // Asked for in scripts and by people who wait: answered before anything is loaded.
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
    process.stdout.write(`${toolVersion()}\n`)
    return
  }
  leaveMemoryOutOfCoreDumps()
  const variables = takeSecretVariables(process.env)
  const parts = { environment: process.env, variables }
  process.exitCode =
    words.length === 0 && process.stdin.isTTY && process.stdout.isTTY
      ? await (await import('./run-dashboard.ts')).runDashboard(parts)
      : await (await import('./run-program.ts')).runProgram({ words, ...parts })
  // Nothing is left to do: not waiting for idle threads and handles makes every command a little faster.
  if (process.exitCode !== EXIT_DONE || process.stdout.writableLength === 0) process.exit()
}
