import { afterEach, expect, test, vi } from 'vitest'

import { runProgram } from '../../src/cli/run-program.ts'
import { takeSecretVariables } from '../../src/cli/secret-variables.ts'
import { toolVersion } from '../../src/cli/version.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

interface Ran {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process; standard output may be `full`. */
async function run(words: readonly string[], { full = false } = {}): Promise<Ran> {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    const write = (text: string | Uint8Array, done?: unknown): boolean => {
      const error = full && name === 'stdout' ? Object.assign(new Error('full'), { code: 'ENOSPC' }) : undefined
      if (error === undefined) said[name] += String(text)
      // As a stream does: after whoever writes has gone on.
      if (typeof done === 'function') process.nextTick(done, error)
      return error === undefined
    }
    vi.spyOn(process[name], 'write').mockImplementation(write)
    // Every run listens for errors, and these streams outlive them all.
    vi.spyOn(process[name], 'on').mockReturnThis()
  }
  const exitCode = await runProgram({ words, environment: {}, variables: takeSecretVariables({}) })
  return { exitCode, ...said }
}

test.each([
  [['help', 'key', 'add'], /^Usage: tidemark key add /],
  [['key', 'help', 'rotate'], /^Usage: tidemark key rotate /],
  [['cache', 'help', 'clear'], /^Usage: tidemark cache clear /],
  [['points', 'help'], /^Usage: tidemark points /],
  [['key', 'help'], /^Usage: tidemark key /],
])('the help that %j asks for is printed, and nothing is run', async (words, usage) => {
  const { exitCode, stdout, stderr } = await run(words)
  expect(stdout).toMatch(usage)
  expect(stderr).toBe('')
  expect(exitCode).toBe(0)
})

test.each([[[]], [['--help']], [['help', 'backup']], [['backup', '--help']], [['points', '-V']]])(
  'that the help which %j asks for could not be printed is told and fails',
  async (words) => {
    const { exitCode, stderr } = await run(words, { full: true })
    expect(stderr).toMatch(/^tidemark: standard output could not be written \(ENOSPC\).*\nhint: .*\n$/)
    expect(exitCode).toBe(1)
  },
)

test.each([[['key', 'help', 'nonsense']], [['help', 'key', 'nonsense']]])(
  'that there is no command %j is told instead of the help of another',
  async (words) => {
    const { exitCode, stderr } = await run(words)
    expect(stderr).toMatch(/unknown command 'nonsense'/)
    expect(exitCode).toBe(2)
  },
)

test.each([[['--json', '--version']], [['points', '-V']], [['-V', 'nonsense']]])(
  'the version is printed once for %j',
  async (words) => {
    expect(await run(words)).toEqual({ exitCode: 0, stdout: `${toolVersion()}\n`, stderr: '' })
  },
)

test('a current folder that was removed is told, and is no defect', async () => {
  vi.spyOn(process, 'cwd').mockImplementation(() => {
    throw Object.assign(new Error('uv_cwd'), { code: 'ENOENT' })
  })
  const { exitCode, stderr } = await run(['points'])
  expect(stderr).toMatch(/^tidemark: the current folder cannot be found \(ENOENT\).*\nhint: .*\n$/)
  expect(exitCode).toBe(2)
})
