import { TidemarkError } from '../base/errors.ts'
import { exitCodeOf } from './exit-codes.ts'
import type { Output } from './output.ts'

/** Tells the user how a command failed, and returns the exit code. */
export function reportError(output: Output, error: unknown): number {
  const exitCode = exitCodeOf(error)
  const expected = error instanceof TidemarkError
  const message = error instanceof Error ? error.message : String(error)
  const hint = expected
    ? error.hint
    : 'This is a defect of Tidemark. Please report it with the output of the same command and -v.'
  if (output.json) {
    const transient = expected && error.retry === 'transient'
    output.event('error', {
      code: expected ? error.code : 'INTERNAL',
      message,
      hint: hint ?? null,
      exitCode,
      transient,
    })
  }
  output.error(`tidemark: ${message}`)
  if (hint !== undefined) output.error(`hint: ${hint}`)
  if (output.verbose) for (const line of causes(error)) output.error(line)
  return exitCode
}

/** Returns what keeps nothing from going on as one line: what it is, and what to do about it. */
export function describeProblem(problem: unknown): string {
  if (!(problem instanceof Error)) return String(problem)
  const hint = problem instanceof TidemarkError ? problem.hint : undefined
  return hint === undefined ? problem.message : `${problem.message} (${hint})`
}

/** Returns stack and context of an error and of what caused it. */
function causes(error: unknown): string[] {
  const lines: string[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    lines.push(cause.stack ?? cause.message)
    if (cause instanceof TidemarkError && Object.keys(cause.context).length > 0) {
      lines.push(`    ${JSON.stringify(cause.context)}`)
    }
  }
  return lines
}
