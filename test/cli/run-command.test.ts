import { EventEmitter } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, expect, test, vi } from 'vitest'

import { runCommand } from '../../src/cli/run-command.ts'
import { takeSecretVariables } from '../../src/cli/secret-variables.ts'
import { temporaryMemoryFolder } from '../support/temporary-folder.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Runs a command that is aborted after whoever read its output went away. */
async function aborted(endFd?: number): Promise<number> {
  vi.spyOn(process.stdout, 'write').mockImplementation((_, encoding) => {
    const done = encoding as unknown as (error: Error) => void
    done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    return false
  })
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const parts = {
    environment: { HOME: '/home/arthur' },
    variables: takeSecretVariables({}),
    signals: new EventEmitter(),
  }
  return runCommand(parts, { progress: false, ...(endFd === undefined ? {} : { endFd }) }, async ({ output }) => {
    output.line('a line')
    output.gone.throwIfAborted()
    return undefined
  })
}

test('what is aborted since nobody reads its output is done, but for a job, which is about more than that', async () => {
  expect(await aborted()).toBe(0)
  const path = join(temporaryMemoryFolder(), 'end')
  const endFd = openSync(path, 'w')
  try {
    expect(await aborted(endFd)).toBe(1)
  } finally {
    closeSync(endFd)
  }
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ type: 'end', exitCode: 1 })
})
