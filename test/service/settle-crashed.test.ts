import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemRandomness } from '../../src/base/random.ts'
import type { JournalEntry } from '../../src/engine/run/run-journal.ts'
import { FileRunJournal } from '../../src/service/run-journal.ts'
import { settleCrashed } from '../../src/service/settle-crashed.ts'
import { applicationSource } from '../support/application-source.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a run that was killed between its passes is settled at the next start, once', async () => {
  const folder = temporaryFolder()
  const [state, application] = [join(folder, 'state'), join(folder, 'application')]
  mkdirSync(state)
  mkdirSync(application)
  writeFileSync(join(application, 'data'), 'data')
  const child = fork(new URL('./crashing-run.ts', import.meta.url), [state, application], { execArgv: [] })
  await once(child, 'message')
  expect(existsSync(join(application, '.maintenance'))).toBe(true)
  const journal = new FileRunJournal(state, systemRandomness)
  const sourceOf = ({ source, fields }: JournalEntry): ReturnType<typeof applicationSource> | undefined =>
    source === 'application' ? applicationSource(fields['folder'] ?? '') : undefined
  const failures: unknown[] = []
  const options = {
    sourceOf,
    onUnknown: ({ source }: JournalEntry) => failures.push(source),
    onFailure: (_: JournalEntry, error: unknown) => failures.push(error),
  }
  // While it lives, it is nobody else's business.
  expect(await settleCrashed(journal, options)).toBe(0)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await settleCrashed(journal, options)).toBe(1)
  expect(existsSync(join(application, '.maintenance'))).toBe(false)
  expect(await settleCrashed(journal, options)).toBe(0)
  expect(failures).toEqual([])
})

test('what cannot be settled now stays for the next start, and holds up no other', async () => {
  const ended: string[] = []
  const runs = ['unknown', 'broken', 'good'].map((source) => ({
    source,
    fields: {},
    end: async () => void ended.push(source),
  }))
  const failures: string[] = []
  const unknown: string[] = []
  const settled = await settleCrashed(
    { pending: async () => runs },
    {
      sourceOf: ({ source }) =>
        source === 'unknown'
          ? undefined
          : {
              kind: source,
              identity: [],
              labels: [],
              read: async () => undefined,
              settle: async () => {
                if (source === 'broken') throw new Error('the application does not answer')
              },
            },
      onUnknown: ({ source }) => unknown.push(source),
      onFailure: ({ source }, error) => failures.push(`${source}: ${String(error)}`),
    },
  )
  expect(settled).toBe(1)
  expect(ended).toEqual(['good'])
  expect(unknown).toEqual(['unknown'])
  expect(failures).toEqual(['broken: Error: the application does not answer'])
})
