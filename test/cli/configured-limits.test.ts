import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { ConfiguredLimits } from '../../src/cli/configured-limits.ts'
import type { RateLimits } from '../../src/storage/throttle.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NONE: RateLimits = { upload: undefined, download: undefined }

function limitsIn(given: RateLimits = NONE) {
  const configFile = join(temporaryFolder(), 'config.yaml')
  const write = (...lines: readonly string[]): void =>
    writeFileSync(configFile, ['repositories:', '  far:', '    url: s3://bucket/far', ...lines].join('\n'))
  write()
  let nowMs = 0
  const warnings: string[] = []
  const limits = new ConfiguredLimits({
    given,
    configFile,
    repository: { name: 'far', limits: NONE },
    // Each look is long after the one before.
    clock: { monotonicMs: () => (nowMs += 60_000) },
    warn: (text) => warnings.push(text),
  })
  return { limits, write, warnings, configFile }
}

test('limits that are set, changed and lifted in the configuration are taken while a repository is used', async () => {
  const { limits, write, warnings } = limitsIn()
  expect(limits.current()).toEqual(NONE)
  write('    limit-upload: 2MiB/s')
  await expect.poll(() => limits.current()).toEqual({ upload: 2 << 20, download: undefined })
  write('    limit-upload: 512KiB/s', '    limit-download: 1MiB/s')
  await expect.poll(() => limits.current()).toEqual({ upload: 512 << 10, download: 1 << 20 })
  write()
  await expect.poll(() => limits.current()).toEqual(NONE)
  expect(warnings).toEqual([])
})

test('a limit of the command line stays, whatever the configuration says', async () => {
  const { limits, write } = limitsIn({ upload: 100, download: undefined })
  write('    limit-upload: 2MiB/s', '    limit-download: 1MiB/s')
  await expect.poll(() => limits.current()).toEqual({ upload: 100, download: 1 << 20 })
})

test('what cannot be read changes nothing and is told once, and a configuration that is gone changes nothing', async () => {
  const { limits, write, warnings, configFile } = limitsIn()
  write('    limit-upload: 2MiB/s')
  await expect.poll(() => limits.current().upload).toBe(2 << 20)
  write('    limit-upload: fast')
  await expect.poll(() => (limits.current(), warnings)).toEqual([expect.stringContaining('limits stay as they were')])
  expect(limits.current().upload).toBe(2 << 20)
  rmSync(configFile)
  write('    limit-upload: 3MiB/s')
  await expect.poll(() => limits.current().upload).toBe(3 << 20)
  expect(warnings).toHaveLength(1)
})

test('a configuration that cannot even be looked at changes nothing, is told once, and is taken again later', async () => {
  const { limits, write, warnings, configFile } = limitsIn()
  write('    limit-upload: 2MiB/s')
  await expect.poll(() => limits.current().upload).toBe(2 << 20)
  rmSync(configFile)
  symlinkSync(configFile, configFile)
  await expect.poll(() => (limits.current(), warnings)).toEqual([expect.stringContaining('ELOOP')])
  expect(limits.current().upload).toBe(2 << 20)
  rmSync(configFile)
  write('    limit-upload: 3MiB/s')
  await expect.poll(() => limits.current().upload).toBe(3 << 20)
  expect(warnings).toHaveLength(1)
})
