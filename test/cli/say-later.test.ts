import { EventEmitter } from 'node:events'

import { expect, test } from 'vitest'

import { createContext } from '../../src/cli/context.ts'
import { sayLater } from '../../src/cli/say-later.ts'
import { takeSecretVariables } from '../../src/cli/secret-variables.ts'
import { keptOutput } from '../support/kept-output.ts'

test('what is warned of while something has the terminal to itself is said once it has ended, also where it failed', async () => {
  const { output, stderr } = keptOutput()
  const environment = { HOME: '/nowhere' }
  const signals = new EventEmitter()
  const context = createContext({
    environment,
    variables: takeSecretVariables({}),
    flags: { progress: false },
    signals,
  })
  const showing = sayLater({ ...context, output }, async ({ secrets }) => {
    for (const text of ['one', 'other', 'one']) secrets.warn(text)
    expect(stderr.text).toBe('')
    throw new Error('the screen is gone')
  })
  await expect(showing).rejects.toThrow('the screen is gone')
  expect(stderr.text).toBe('tidemark: warning: one\ntidemark: warning: other\n')
})
