import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { fc } from '../support/fast-check.ts'
import { describe, expect, test } from 'vitest'

import { userUnit } from '../../src/cli/systemd-unit.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Whatever a path may hold that units have a meaning for. */
const NASTY = [
  'a b',
  '"c"',
  "d'e",
  '\\f',
  '\\x41',
  '%h',
  '%%',
  '$HOME',
  '${HOME}',
  '$$',
  '#g',
  ';h',
  'i\tj',
  'k\nl',
  '-m',
  '@n',
  'ü',
  '',
  ' ',
]

/** What of a unit is one line each: key and value. */
function settingsOf(unit: string): readonly (readonly [string, string])[] {
  return unit.split('\n').flatMap((line) => {
    const [, key, value] = /^(\w+)=([^]*)$/.exec(line) ?? []
    return key === undefined || value === undefined ? [] : [[key, value] as const]
  })
}

function valuesOf(unit: string, wanted: string): readonly string[] {
  return settingsOf(unit).flatMap(([key, value]) => (key === wanted ? [value] : []))
}

/** Reads words in quotation marks as systemd.syntax(7) says, and `%%` as its specifiers do. */
function wordsOf(text: string): string[] {
  const words: string[] = []
  for (let rest = text; rest !== '';) {
    const [all, inside = ''] = /^"((?:[^"\\]|\\.)*)"(?: |$)/.exec(rest) ?? []
    if (all === undefined) throw new Error(`no word in quotation marks: ${rest}`)
    expect(inside.replaceAll('%%', '')).not.toContain('%')
    const bytes = inside.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, other: string) =>
      hex === undefined ? other : String.fromCharCode(parseInt(hex, 16)),
    )
    words.push(bytes.replaceAll('%%', '%'))
    rest = rest.slice(all.length)
  }
  return words
}

const word = fc
  .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'grapheme' })), { maxLength: 4 })
  .map((parts) => {
    return parts.join('').replaceAll('\0', '')
  })

describe('the unit of the daemon', () => {
  test('starts the program with the very words and variables that it was given, whatever they hold', () => {
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 3 }), word, (name, others, value) => {
        const unit = userUnit({ words: [`/opt/${name}`, ...others], environment: { TIDEMARK_CONFIG: value } })
        const [start = '', ...more] = valuesOf(unit, 'ExecStart')
        expect(more).toEqual([])
        const [first, ...rest] = wordsOf(start)
        expect(first).not.toMatch(/["'\\\p{Cc}]/u)
        // `$` begins a variable, and nothing but another one ends it.
        for (const each of rest) expect(each.replaceAll('$$', '')).not.toContain('$')
        const words = [first, ...rest.map((each) => each.replaceAll('$$', '$'))]
        const through = first === '/bin/sh' ? ['/bin/sh', '-c', 'exec "$0" "$@"'] : []
        expect(words).toEqual([...through, `/opt/${name}`, ...others])
        expect(valuesOf(unit, 'Environment').flatMap(wordsOf)).toEqual([`TIDEMARK_CONFIG=${value}`])
      }),
    )
  })

  test('is one that systemd takes, and finds its program by, as far as systemd is here', () => {
    const folder = temporaryFolder()
    const names = NASTY.filter((name) => name.trim() !== '').map((name) => join(folder, `at ${name}`, 'node'))
    for (const [index, program] of names.entries()) {
      mkdirSync(dirname(program))
      writeFileSync(program, '#!/bin/sh\n')
      chmodSync(program, 0o755)
      const unit = userUnit({ words: [program, '--x', 'a $b'], environment: { TIDEMARK_CONFIG: '/etc/a b%$' } })
      writeFileSync(join(folder, `tidemark-${index}.service`), unit)
    }
    // Nobody is there whom it would look for: it has to say so, or its silence means nothing.
    writeFileSync(join(folder, 'missing.service'), userUnit({ words: ['/nowhere/node'], environment: {} }))
    const files = names.map((_, index) => join(folder, `tidemark-${index}.service`))
    const { error, stderr } = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', ...files, join(folder, 'missing.service')],
      {
        encoding: 'utf8',
      },
    )
    if (error !== undefined) return
    const said = stderr.split('\n').filter((line) => line.includes(folder) || line.includes('.service'))
    expect(said).toEqual([expect.stringMatching(/missing\.service: Command \/nowhere\/node is not executable/)])
  })
})
