import { EventEmitter } from 'node:events'

import { vi } from 'vitest'

import { runProgram } from '../../src/cli/run-program.ts'
import { takeSecretVariables } from '../../src/cli/secret-variables.ts'

export interface RanHere {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a command line in this very process: for what ends before any work begins, which costs a start of the program
 * otherwise. Standard output may be `full`.
 */
export async function runHere(
  words: readonly string[],
  { environment = {}, full = false }: { readonly environment?: Readonly<Record<string, string>>; full?: boolean } = {},
): Promise<RanHere> {
  const said = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).flatMap((name) => {
    const write = (text: string | Uint8Array, done?: unknown): boolean => {
      const error = full && name === 'stdout' ? Object.assign(new Error('full'), { code: 'ENOSPC' }) : undefined
      if (error === undefined) said[name] += String(text)
      // As a stream does: after whoever writes has gone on.
      if (typeof done === 'function') process.nextTick(done, error)
      return error === undefined
    }
    return [
      vi.spyOn(process[name], 'write').mockImplementation(write),
      // Every run listens for errors, and these streams outlive them all.
      vi.spyOn(process[name], 'on').mockReturnThis(),
    ]
  })
  const own = { ...environment }
  try {
    const variables = takeSecretVariables(own)
    // Listeners of its own would keep this process from ending when it is asked to.
    const code = await runProgram({ words, environment: own, variables, signals: new EventEmitter() })
    return { code, ...said }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
