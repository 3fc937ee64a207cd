import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { systemRandomness } from '../../src/base/random.ts'
import { openMachineKey } from '../../src/service/machine-key.ts'
import { readPrivateFile, writePrivateFile } from '../../src/service/private-file.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('the machine key is made once, for its owner alone', () => {
  const state = join(temporaryFolder(), 'state')
  const made = openMachineKey(state, systemRandomness)
  expect(made).toHaveLength(32)
  expect(openMachineKey(state, systemRandomness)).toEqual(made)
  expect(statSync(join(state, 'machine-key')).mode & 0o777).toBe(0o600)
  expect(statSync(state).mode & 0o777).toBe(0o700)
})

test('a torn machine key is made anew', () => {
  const state = temporaryFolder()
  writeFileSync(join(state, 'machine-key'), 'short')
  expect(openMachineKey(state, systemRandomness)).toHaveLength(32)
})

test('a private file replaces another whole, and only where it may', () => {
  const path = join(temporaryFolder(), 'deep', 'file')
  expect(writePrivateFile(path, Buffer.from('one'), { exclusive: true })).toBe(true)
  expect(writePrivateFile(path, Buffer.from('two'), { exclusive: true })).toBe(false)
  expect(readFileSync(path, 'utf8')).toBe('one')
  chmodSync(path, 0o644)
  writePrivateFile(path, Buffer.from('three'))
  expect(readFileSync(path, 'utf8')).toBe('three')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a file that is larger than it can be, or none, is refused', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'large'), 'x'.repeat(11))
  expect(() => readPrivateFile(join(folder, 'large'), 10)).toThrow(/at most 10 bytes/)
  expect(() => readPrivateFile(folder, 10)).toThrow(/at most 10 bytes/)
  expect(readPrivateFile(join(folder, 'missing'), 10)).toBeUndefined()
})
