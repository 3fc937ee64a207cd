import { afterEach, expect, test, vi } from 'vitest'

import { runProgram } from '../../src/cli/run-program.ts'
import { takeSecretVariables } from '../../src/cli/secret-variables.ts'
import { toolVersion } from '../../src/cli/version.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Runs a command line in this process. */
async function run(words: readonly string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text)
      return true
    })
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
