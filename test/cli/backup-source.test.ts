import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { type BackupSourceFlags, chooseSource } from '../../src/cli/backup-source.ts'
import { keptOutput } from '../support/kept-output.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const refused: [string, readonly string[], BackupSourceFlags, RegExp][] = [
  ['a variable that was not set', ['a', ''], {}, /one of the paths is empty/],
  ['a stream with patterns', [], { stdin: true, name: 'x', exclude: ['*.tmp'] }, /--exclude goes with files/],
  ['a command with rules', ['true'], { fromCommand: true, name: 'x', excludeCaches: true }, /--exclude-caches goes/],
  ['a command of nothing', [''], { fromCommand: true, name: 'x' }, /needs a command/],
  ['a marker without a name', ['a'], { excludeIfPresent: [''] }, /"" cannot be the name of a file/],
  ['a marker that is a path', ['a'], { excludeIfPresent: ['a/b'] }, /"a\/b" cannot be the name of a file/],
]

test.each(refused)('%s is no source', async (_, words, flags, message) => {
  const context = { output: keptOutput().output, workingDirectory: '/home/ann' }
  const choice = chooseSource(context, words, flags)
  await expect(choice).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
    message: expect.stringMatching(message) as string,
  })
})

test('a pattern that names what is backed up from the root on is told, for it matches nothing', async () => {
  const file = join(temporaryFolder(), 'patterns')
  writeFileSync(file, '!/home/ann/keep\n/cache\n')
  const { output, stderr } = keptOutput()
  const context = { output, workingDirectory: '/home/ann' }
  const { roots } = await chooseSource(context, ['.', '/etc'], { exclude: ['/etc/ssl', 'home'], excludeFile: [file] })
  expect(roots).toEqual(['/home/ann', '/etc'])
  const told = stderr.text.trimEnd().split('\n')
  expect(told).toHaveLength(2)
  expect(told[0]).toMatch(/"!\/home\/ann\/keep" matches nothing: .* "!\/keep" is meant/)
  expect(told[1]).toMatch(/"\/etc\/ssl" matches nothing: .* "\/ssl" is meant/)
})

test.each([
  [['/home/ann', '/home'], '/home/ann/cache', '"/ann/cache" is meant'],
  [['/home', '/'], '/home/ann/cache', undefined],
  [['/home/ann'], '/home/anna', undefined],
])('of %j, the pattern %s is one of the outermost', async (words, pattern, told) => {
  const { output, stderr } = keptOutput()
  await chooseSource({ output, workingDirectory: '/' }, words, { exclude: [pattern] })
  if (told === undefined) expect(stderr.text).toBe('')
  else expect(stderr.text).toContain(told)
})
