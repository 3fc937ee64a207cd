import { afterEach, expect, test, vi } from 'vitest'

import { toolVersion } from '../../src/cli/version.ts'
import { runHere } from '../support/run-here.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test.each([
  [
    'an unknown option',
    ['backup', '--exlcude', 'x', '.'],
    /unknown option '--exlcude'\nhint: Did you mean --exclude\?/,
  ],
  ['an unknown command', ['bakcup'], /unknown command 'bakcup'\nhint: Did you mean backup\?/],
  ['help for an unknown command', ['nonsense', '--help'], /unknown command 'nonsense'/],
  ['help for an unknown word', ['help', 'nonsense'], /unknown command 'nonsense'/],
  ['help for one of a group', ['key', 'nonsense', '-h'], /unknown command 'nonsense'/],
  [
    'a command that a group has not',
    ['daemon', 'blah'],
    /'daemon'.*\nhint: The commands of `tidemark daemon` are install, /,
  ],
  ['a missing argument', ['cat'], /missing required argument.*\nhint: See `tidemark cat --help`/],
  ['too many arguments', ['driver', 'list', 'x'], /too many arguments/],
  ['an unknown choice', ['restore', 'latest', '--target', 'x', '--overwrite', 'perhaps'], /never, if-changed/],
  ['options that exclude each other', ['backup', '--stdin', '--from-command', '--name', 'x'], /cannot be used with/],
  ['nothing to back up', ['backup'], /nothing to back up was named\nhint: /],
  ['a stream without a name', ['backup', '--stdin'], /needs a name\nhint: /],
  ['a name that is a path', ['backup', '--stdin', '--name', 'a/b'], /cannot be the name of a file/],
  ['a command without words', ['backup', '--from-command', '--name', 'x'], /needs a command\nhint: /],
  ['a restore to nowhere', ['restore', 'latest'], /where to restore to was not said\nhint: /],
])('%s ends with exit code 2 and says what was meant', async (_, words, message) => {
  const { code, stderr, stdout } = await runHere(words, { environment: { HOME: temporaryFolder() } })
  expect(stderr).toMatch(/^tidemark: /)
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/\n +at /)
  expect(stdout).toBe('')
  expect(code).toBe(2)
})

test('help is printed when it is asked for, and for the program alone', async () => {
  for (const words of [[], ['--help'], ['help']]) {
    const { code, stdout } = await runHere(words)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Usage: tidemark/)
    expect(stdout).toContain('TIDEMARK_PASSWORD_FILE')
  }
  const backup = await runHere(['help', 'backup'])
  expect(backup.stdout).toContain('--exclude-caches')
  expect(backup.stdout).toContain('--repository')
})

test('a group without a command prints its commands', async () => {
  const { code, stderr } = await runHere(['key'])
  expect(stderr).toContain('passwd')
  expect(code).toBe(2)
})

test.each([
  [['help', 'key', 'add'], /^Usage: tidemark key add /],
  [['key', 'help', 'rotate'], /^Usage: tidemark key rotate /],
  [['cache', 'help', 'clear'], /^Usage: tidemark cache clear /],
  [['points', 'help'], /^Usage: tidemark points /],
  [['key', 'help'], /^Usage: tidemark key /],
])('the help that %j asks for is printed, and nothing is run', async (words, usage) => {
  const { code, stdout, stderr } = await runHere(words)
  expect(stdout).toMatch(usage)
  expect(stderr).toBe('')
  expect(code).toBe(0)
})

test.each([[[]], [['--help']], [['help', 'backup']], [['backup', '--help']], [['points', '-V']]])(
  'that the help which %j asks for could not be printed is told and fails',
  async (words) => {
    const { code, stderr } = await runHere(words, { full: true })
    expect(stderr).toMatch(/^tidemark: standard output could not be written \(ENOSPC\).*\nhint: .*\n$/)
    expect(code).toBe(1)
  },
)

test.each([[['key', 'help', 'nonsense']], [['help', 'key', 'nonsense']]])(
  'that there is no command %j is told instead of the help of another',
  async (words) => {
    const { code, stderr } = await runHere(words)
    expect(stderr).toMatch(/unknown command 'nonsense'/)
    expect(code).toBe(2)
  },
)

test.each([[['--json', '--version']], [['points', '-V']], [['-V', 'nonsense']]])(
  'the version is printed once for %j',
  async (words) => {
    expect(await runHere(words)).toEqual({ code: 0, stdout: `${toolVersion()}\n`, stderr: '' })
  },
)

test('a current folder that was removed is told, and is no defect', async () => {
  vi.spyOn(process, 'cwd').mockImplementation(() => {
    throw Object.assign(new Error('uv_cwd'), { code: 'ENOENT' })
  })
  const { code, stderr } = await runHere(['points'])
  expect(stderr).toMatch(/^tidemark: the current folder cannot be found \(ENOENT\).*\nhint: .*\n$/)
  expect(code).toBe(2)
})
