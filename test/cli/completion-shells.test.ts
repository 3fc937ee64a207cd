import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { commandWords } from '../../src/cli/completion/command-words.ts'
import { fishCompletion } from '../../src/cli/completion/fish.ts'
import { zshCompletion } from '../../src/cli/completion/zsh.ts'
import { createProgram } from '../../src/cli/program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const words = commandWords(
  createProgram(
    async () => undefined,
    () => undefined,
  ),
)

/** What is typed, and what is offered then; the program itself answers `names` with two made from what it is asked. */
const LINES = [
  ['tidemark ba', ['backup']],
  ['tidemark -r x key ex', ['export']],
  ['tidemark restore --overwrite if-', ['if-changed', 'if-newer']],
  ['tidemark job list --plan ', ['plans+list:--plan', 'plans:']],
  ['tidemark plan run nightly --step ', ['steps+nightly:--step', 'steps:']],
  ['tidemark event ', ['events+event', 'events:']],
] as const

/** Stands for the program: says what it was asked, and the last words before that which is completed. */
const PROGRAM = `#!/bin/sh
[ "$1" = names ] || exit 1
kind=$2
shift 3
while [ $# -gt 2 ]; do shift; done
IFS=:
echo "$kind:"
echo "$kind+$*"
`

/** Runs an interactive zsh at a terminal of its own, until it ends. */
const ZSH_OUTER = `
zmodload zsh/zpty
zpty inner zsh -d -i
while zpty -r inner said; do :; done
`
/** Before anybody could type: completes each line of a file as the key would, and keeps what is offered. */
const ZSH_INNER = `
fpath=("$PWD" $fpath)
autoload -U compinit
compinit -u -D
compadd() {
  if [[ " $* " != *" -"[OAD]" "* ]]; then
    local -a hits
    builtin compadd -A hits "$@"
    (( $#hits )) && print -rl -- $hits >> offered
  fi
  builtin compadd "$@"
}
zle-line-init() {
  local line
  while IFS= read -r line; do
    BUFFER=$line
    CURSOR=$#line
    zle complete-word
    print END >> offered
  done < lines
  exit
}
zle -N zle-line-init
`

/** A folder with the program, in which a shell runs. */
function placeFor(shell: string) {
  const folder = temporaryFolder()
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
  mkdirSync(join(folder, 'bin'))
  write('bin/tidemark', PROGRAM)
  chmodSync(join(folder, 'bin/tidemark'), 0o755)
  const env = { HOME: folder, ZDOTDIR: folder, TERM: 'dumb', PATH: `${join(folder, 'bin')}:${process.env['PATH']}` }
  const run = (...given: readonly string[]): string => {
    const result = spawnSync(shell, given, { cwd: folder, env, encoding: 'utf8' })
    expect(result).toMatchObject({ status: 0, stderr: '' })
    return result.stdout
  }
  return { folder, write, run }
}

/** What was offered for each line, without descriptions. */
function offeredIn(text: string): string[][] {
  const answers = text.split('END\n').slice(0, -1)
  return answers.map((answer) => {
    const words = answer.split('\n').map((line) => line.replace(/\t.*/, ''))
    return words.filter((word) => word !== '').sort()
  })
}

function isThere(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0
}

test.skipIf(!isThere('fish'))('fish itself offers commands, values and names of where it is', () => {
  const { write, run } = placeFor('fish')
  write('tidemark.fish', fishCompletion(words))
  write('ask', ['source tidemark.fish', ...LINES.map(([line]) => `complete -C '${line}'; echo END`), ''].join('\n'))
  expect(offeredIn(run('--no-config', 'ask'))).toEqual(LINES.map(([, expected]) => expected))
})

test.skipIf(!isThere('zsh'))('zsh itself offers commands, values and names of where it is', () => {
  const { folder, write, run } = placeFor('zsh')
  write('_tidemark', zshCompletion(words))
  write('outer', ZSH_OUTER)
  write('.zshrc', ZSH_INNER)
  write('lines', LINES.map(([line]) => `${line}\n`).join(''))
  run('-f', 'outer')
  expect(offeredIn(readFileSync(join(folder, 'offered'), 'utf8'))).toEqual(LINES.map(([, expected]) => expected))
})
