import { spawnSync } from 'node:child_process'

import { expect, test } from 'vitest'

import { bashCompletion } from '../../src/cli/completion/bash.ts'
import { commandWords } from '../../src/cli/completion/command-words.ts'
import { fishCompletion } from '../../src/cli/completion/fish.ts'
import { zshCompletion } from '../../src/cli/completion/zsh.ts'
import { createProgram } from '../../src/cli/program.ts'

const words = commandWords(
  createProgram(
    async () => undefined,
    () => undefined,
  ),
)

/** Asks bash itself what it would offer for a line. */
function offered(...line: readonly string[]): string[] {
  const script = `${bashCompletion(words)}
tidemark() {
  if [ "$1-$2-$3" = names-steps--- ]; then shift 3; echo "$@"; elif [ "$1" = names ]; then echo "$2-one $2-two"; fi
}
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

test('bash offers what there is by name: plans, jobs, notifications and repositories', () => {
  expect(offered('plan', 'run', '')).toEqual(['plans-one', 'plans-two'])
  expect(offered('plan', 'pause', 'plans-t')).toEqual(['plans-two'])
  expect(offered('plan', 'run', '--s')).toEqual(['--step'])
  expect(offered('job', 'list', '--plan', '')).toEqual(['plans-one', 'plans-two'])
  expect(offered('job', 'show', '-f', '')).toEqual(['jobs-one', 'jobs-two'])
  expect(offered('notification', 'ack', 'notifications-one', '')).toHaveLength(2)
  expect(offered('-r', 'rep')).toEqual(['repositories-one', 'repositories-two'])
  expect(offered('lock', 'repositories-o')).toEqual(['repositories-one'])
  expect(offered('event', '')).toEqual(['events-one', 'events-two'])
  // Those of which plan, the words before it say.
  expect(offered('plan', 'run', 'nightly', '--step', '')).toEqual(['plan', 'run', 'nightly', '--step'])
  expect(offered('na')).toEqual([])
})

test('the other shells ask for the same names, everywhere that bash does', () => {
  const named = words.filter(({ names }) => names !== undefined)
  expect(named.map(({ path, names }) => `${path.join(' ')}: ${names}`)).toEqual(
    expect.arrayContaining(['plan run: plans', 'plan resume: plans', 'job cancel: jobs', 'unlock: repositories']),
  )
  const [zsh, fish] = [zshCompletion(words), fishCompletion(words)]
  for (const { path, names } of named) {
    const body = zsh.split(`${['_tidemark', ...path].join('_')}() {`)[1]?.split('\n}')[0]
    expect(body).toContain(`{_tidemark_names ${names}`)
    const at = `'__tidemark_at \\'${path.map((word) => `/${word}`).join('')}\\'' -f -a`
    expect(fish).toContain(`${at} '(tidemark names ${names} -- `)
  }
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
