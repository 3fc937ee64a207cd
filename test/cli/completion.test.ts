import { spawnSync } from 'node:child_process'

import { expect, test } from 'vitest'

import { bashCompletion } from '../../src/cli/completion/bash.ts'
import { commandWords } from '../../src/cli/completion/command-words.ts'
import { fishCompletion } from '../../src/cli/completion/fish.ts'
import { zshCompletion } from '../../src/cli/completion/zsh.ts'
import { createProgram } from '../../src/cli/program.ts'

const words = commandWords(createProgram(async () => undefined))

/** Asks bash itself what it would offer for a line. */
function offered(...line: readonly string[]): string[] {
  const script = `${bashCompletion(words)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tidemark; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, 'bash', 'tidemark', ...line], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.split('\n').filter((word) => word !== '')
}

test('bash offers commands, subcommands and options of where it is', () => {
  expect(offered('')).toEqual(expect.arrayContaining(['backup', 'restore', 'points', 'key', 'completion']))
  expect(offered('ba')).toEqual(['backup'])
  expect(offered('key', 'p')).toEqual(['passwd'])
  expect(offered('-r', 'x', 'key', 'ex')).toEqual(['export'])
  expect(offered('backup', '--exclude-')).toEqual(['--exclude-file', '--exclude-caches', '--exclude-if-present'])
  expect(offered('backup', '--js')).toEqual(['--json'])
  expect(offered('restore', '--overwrite', 'if-')).toEqual(['if-changed', 'if-newer'])
})

test('files are left to the shell, as arguments and as values of options', () => {
  expect(offered('backup', '/et')).toEqual([])
  expect(offered('init', '--recovery-file', '/')).toEqual([])
})

test('every command and option is in the scripts of the other shells', () => {
  const [zsh, fish] = [zshCompletion(words), fishCompletion(words)]
  for (const { path, options, subcommands } of words) {
    expect(zsh).toContain(`${['_tidemark', ...path].join('_')}() {`)
    for (const { long } of options) {
      expect(zsh).toContain(`'*${long}[`)
      expect(fish).toContain(`-l ${long.slice(2)} `)
    }
    for (const { name } of subcommands) expect(fish).toContain(`-a '${name}'`)
  }
})

test.each([
  ['zsh', zshCompletion(words)],
  ['fish', fishCompletion(words)],
])('the script of %s is one, as far as that shell is here to tell', (shell, script) => {
  const { error, status, stderr } = spawnSync(shell, ['-n', '/dev/stdin'], { input: script, encoding: 'utf8' })
  // Where the shell is missing, that no quote is left open is all that can be said.
  if (error !== undefined) expect(script.replaceAll(/\\'/g, '').split("'").length % 2).toBe(1)
  else expect(status, stderr).toBe(0)
})
