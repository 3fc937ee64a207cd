import { expect, test } from 'vitest'

import { present } from '../../src/base/assert.ts'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { isRunning, identityOf } from '../../src/base/process-identity.ts'
import { commandSource } from '../../src/engine/sources/command-source.ts'

test('an interrupted command does not have to be waited for, whoever keeps its output open', async () => {
  const script = 'sleep 600 & echo $!; wait'
  const source = commandSource({ path: byteStringOf('/out'), command: ['sh', '-c', script] })
  const controller = new AbortController()
  const reason = new Error('interrupted')
  let sleeper: ReturnType<typeof identityOf> | undefined
  await source.read({
    signal: controller.signal,
    pass: async (_, pass) => {
      if (pass.kind !== 'stream') throw new Error('a command is one stream')
      const reading = (async () => {
        for await (const bytes of pass.open(controller.signal)) {
          sleeper = identityOf(Number(Buffer.from(bytes).toString()))
          controller.abort(reason)
        }
      })()
      await expect(reading).rejects.toBe(reason)
    },
  })
  // It was not its end that ended the stream.
  const left = present(sleeper, 'the process that was started')
  expect(isRunning(left)).toBe(true)
  process.kill(left.pid, 'SIGKILL')
})
