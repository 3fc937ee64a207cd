import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { utf8 } from '../../../src/base/bytes.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { identityOf, isRunning, type ProcessIdentity } from '../../../src/base/process-identity.ts'
import { ChildRunner, type HandedSecret } from '../../../src/service/jobs/child-runner.ts'
import { CommandEnds } from '../../../src/service/jobs/command-ends.ts'
import type { RunCommand, RunEnd, RunRequest } from '../../../src/service/jobs/job-runner.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { until } from '../../support/cli-mount.ts'

/** More than any command here needs, on any machine; of those that do not listen, enough. */
const GRACE_MS = 20_000
const SHORT_GRACE_MS = 300
const PATH = process.env['PATH'] ?? ''
const DONE: RunEnd = { exitCode: 0, signal: undefined, timedOut: false }

interface Heard {
  readonly events: unknown[]
  readonly lines: string[]
}

/** Runs the shell script `script` as if it were this program. */
function run(
  script: string,
  request: Partial<RunRequest> & { words?: string[]; input?: string; graceMs?: number } = {},
) {
  const { words = [], input, graceMs, ...rest } = request
  const heard: Heard = { events: [], lines: [] }
  const runner = runnerOf(['/bin/sh', '-c', script, 'sh'], { graceMs })
  const command: RunCommand = { kind: 'tidemark', words, run: '1-1', ...(input === undefined ? {} : { input }) }
  const ended = runner.run({ ...requestOf(command, heard), ...rest })
  return { ended, ...heard }
}

function runnerOf(
  program: readonly string[],
  { workingDirectory = '/', graceMs = GRACE_MS }: { workingDirectory?: string; graceMs?: number | undefined } = {},
): ChildRunner {
  return new ChildRunner({ program, environment: { PATH, ONLY: 'this' }, workingDirectory, graceMs })
}

function requestOf(command: RunCommand, { events, lines }: Heard): RunRequest {
  return {
    command,
    timeLimitMs: undefined,
    signal: new AbortController().signal,
    onStarted: async () => undefined,
    onEvent: (event) => void events.push(event),
    onLine: (from, text) => void lines.push(`${from}: ${text}`),
  }
}

describe('what a command says', () => {
  test('lines of JSON are events, all else is text', async () => {
    const { ended, events, lines } = run(`
      echo '{"type":"progress","done":1}'; echo '[1]'; echo 'half {'; echo to-err >&2
      printf '{"type":"summary"}'; exit 3`)
    expect(await ended).toEqual({ ...DONE, exitCode: 3 })
    expect(events).toEqual([{ type: 'progress', done: 1 }, { type: 'summary' }])
    expect(lines.toSorted()).toEqual(['err: to-err', 'out: [1]', 'out: half {'])
  })

  test('a line without end takes no memory without end', async () => {
    const { ended, events, lines } = run(
      `printf '{"type":"'; head -c 3000000 /dev/zero | tr '\\0' x; echo '"}'; echo '{"type":"summary"}'
       head -c 3000000 /dev/zero | tr '\\0' y >&2`,
    )
    expect(await ended).toEqual(DONE)
    expect(events).toEqual([{ type: 'summary' }])
    expect(lines.map((line) => line.slice(0, 6)).toSorted()).toEqual(['err: y', 'out: {'])
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(5000)
  })

  test('characters that are torn apart by a pipe come out whole', async () => {
    const { ended, events } = run(`printf '{"path":"\\303'; sleep 0.1; printf '\\244"}\\n'`)
    await ended
    expect(events).toEqual([{ path: 'ä' }])
  })
})

describe('what a command is given', () => {
  test('words as they are, the environment of the caller and no other, its input and then its end', async () => {
    const words = ['--exclude=*.o', "'; echo no", '$HOME', '', 'ä b\n']
    const script = `for w in "$@"; do printf '<%s>' "$w"; done; env | grep -c HOME; env | grep ONLY; cat; echo end`
    const { ended, lines } = run(script, { words, input: 'first\nlast' })
    expect(await ended).toEqual(DONE)
    expect(lines.join('|')).toBe(
      `out: ${words
        .slice(0, 4)
        .map((word) => `<${word}>`)
        .join('')}<ä b|out: >0|out: ONLY=this|out: first|out: lastend`,
    )
  })

  test('nothing to read, unless it is given something', async () => {
    const { ended, lines } = run('cat; echo end')
    await ended
    expect(lines).toEqual(['out: end'])
  })

  test('its secret through a pipe, which is wiped here, and which no hook is given', async () => {
    const [bytes, other] = [utf8('correct horse'), utf8('battery staple')]
    const asked: (readonly string[])[] = []
    const secretsFor = (words: readonly string[]): readonly HandedSecret[] => {
      asked.push(words)
      return [
        { option: '--secret-fd', secret: { kind: 'password', bytes } },
        { option: '--to-secret-fd', secret: { kind: 'recovery-code', bytes: other } },
      ]
    }
    const program = ['/bin/sh', '-c', 'echo "$@"; cat <&3; echo; cat <&4; env', 'sh']
    const runner = new ChildRunner({ program, environment: { PATH }, workingDirectory: '/', secretsFor })
    const heard: Heard = { events: [], lines: [] }
    expect(await runner.run(requestOf({ kind: 'tidemark', words: ['prune', '--json'], run: '1-1' }, heard))).toEqual(
      DONE,
    )
    const [line, ...said] = heard.lines
    expect(line).toBe('out: --secret-fd=3 --to-secret-fd=4 prune --json')
    expect(said.slice(0, 3)).toEqual(['out: password', 'out: correct horse', 'out: recovery-code'])
    expect(heard.lines.join().match(/correct horse/g)).toHaveLength(1)
    for (const secret of [bytes, other]) expect(secret).toEqual(new Uint8Array(secret.length))
    const hook = ['/bin/sh', '-c', '[ -e /dev/fd/3 ] || echo none']
    await runner.run(requestOf({ kind: 'hook', command: hook, variables: {} }, heard))
    expect(heard.lines.at(-1)).toBe('out: none')
    expect(asked).toEqual([['prune', '--json']])
  })

  test('a file to say how it ended in, whoever still reads its output, and which no hook is given', async () => {
    const ends = new CommandEnds(temporaryFolder(), systemClock)
    const script = 'echo "$@"; exec >&-; echo \'{"type":"end","exitCode":3}\' >&3'
    const program = ['/bin/sh', '-c', script, 'sh']
    const runner = new ChildRunner({ program, environment: { PATH }, workingDirectory: '/', ends })
    const heard: Heard = { events: [], lines: [] }
    await runner.run(requestOf({ kind: 'tidemark', words: ['prune'], run: '4-2' }, heard))
    expect(heard.lines).toEqual(['out: --end-fd=3 prune'])
    expect(runner.endOf('4-2')).toEqual({ exitCode: 3, events: [] })
    runner.forgetEnd('4-2')
    expect(runner.endOf('4-2')).toBeUndefined()
    const hook = ['/bin/sh', '-c', '[ -e /dev/fd/3 ] || echo none']
    await runner.run(requestOf({ kind: 'hook', command: hook, variables: {} }, heard))
    expect(heard.lines.at(-1)).toBe('out: none')
  })

  test('variables of its own, which no hook finds; hooks have an input of theirs', async () => {
    const options = { program: ['/bin/sh', '-c'], environment: { PATH }, workingDirectory: '/' }
    const runner = new ChildRunner({ ...options, ownEnvironment: { TIDEMARK_DUNESEA_TOKEN: 'secret' } })
    const heard: Heard = { events: [], lines: [] }
    const script = 'echo "token: $TIDEMARK_DUNESEA_TOKEN"; cat'
    await runner.run(requestOf({ kind: 'tidemark', words: [script], run: '1-1' }, heard))
    const input = '{"trigger":"boot"}\n'
    await runner.run(requestOf({ kind: 'hook', command: ['/bin/sh', '-c', script], variables: {}, input }, heard))
    expect(heard.lines).toEqual(['out: token: secret', 'out: token: ', 'out: {"trigger":"boot"}'])
  })

  test('hooks find their variables beside the environment', async () => {
    const heard: Heard = { events: [], lines: [] }
    const command = ['/bin/sh', '-c', 'echo "$ONLY $TIDEMARK_PLAN"; echo \'{"a":1}\'']
    const request = requestOf({ kind: 'hook', command, variables: { TIDEMARK_PLAN: 'home' } }, heard)
    expect(await runnerOf([]).run(request)).toEqual(DONE)
    expect(heard).toEqual({ events: [], lines: ['out: this home', 'out: {"a":1}'] })
  })
})

describe('beginning', () => {
  test('a command does nothing before it was noted, and keeps the number that was', async () => {
    const file = join(temporaryFolder(), 'ran')
    let noted: ProcessIdentity | undefined
    const { ended } = run(`echo $$ > ${file}`, {
      onStarted: async (process) => {
        noted = process
        await new Promise((resolve) => setTimeout(resolve, 100))
        expect(existsSync(file)).toBe(false)
      },
    })
    await ended
    expect(readFileSync(file, 'utf8')).toBe(`${noted?.pid}\n`)
  })

  test('a command that cannot be noted does nothing at all', async () => {
    const file = join(temporaryFolder(), 'ran')
    let noted: ProcessIdentity | undefined
    const onStarted = async (process: ProcessIdentity): Promise<void> => {
      noted = process
      throw new Error('the disk is full')
    }
    await expect(run(`echo > ${file}`, { onStarted }).ended).rejects.toThrow('the disk is full')
    expect(isRunning(noted!)).toBe(false)
    expect(existsSync(file)).toBe(false)
  })

  test('what cannot be started is told', async () => {
    const heard: Heard = { events: [], lines: [] }
    const missing = requestOf({ kind: 'hook', command: ['/no/such/program'], variables: {} }, heard)
    expect(await runnerOf([]).run(missing)).toEqual({ ...DONE, exitCode: 127 })
    expect(heard.lines.join()).toContain('/no/such/program')
    const nowhere = requestOf({ kind: 'hook', command: ['true'], variables: {} }, heard)
    expect(await runnerOf([], { workingDirectory: '/no/such/folder' }).run(nowhere)).toEqual({ ...DONE, exitCode: 127 })
    expect(heard.lines.at(-1)).toContain('ENOENT')
    const long = requestOf({ kind: 'hook', command: ['true', 'x'.repeat(10 << 20)], variables: {} }, heard)
    expect(await runnerOf([]).run(long)).toEqual({ ...DONE, exitCode: 127 })
    expect(heard.lines.at(-1)).toContain('E2BIG')
  })
})

describe('ending', () => {
  test('a command that is cancelled is asked to stop, and has the time to do so', async () => {
    const controller = new AbortController()
    const { ended, lines } = run(`trap 'sleep 0.1; echo kept; exit 130' TERM; echo up; while :; do sleep 0.02; done`, {
      signal: controller.signal,
      onLine: (_, text) => {
        lines.push(text)
        if (text === 'up') controller.abort()
      },
    })
    expect(await ended).toEqual({ ...DONE, exitCode: 130 })
    expect(lines).toEqual(['up', 'kept'])
  })

  test('one that was cancelled before it began does nothing', async () => {
    const file = join(temporaryFolder(), 'ran')
    const { ended } = run(`echo > ${file}`, { signal: AbortSignal.abort() })
    expect((await ended).exitCode).not.toBe(0)
    expect(existsSync(file)).toBe(false)
  })

  test('one that does not listen is ended by force, with all that it has started', async () => {
    const folder = temporaryFolder()
    const controller = new AbortController()
    const { ended } = run(`trap '' TERM; sleep 100 & echo $! > ${folder}/pid; echo up; wait; sleep 100`, {
      signal: controller.signal,
      graceMs: SHORT_GRACE_MS,
      onLine: () => {
        controller.abort()
      },
    })
    expect(await ended).toEqual({ exitCode: undefined, signal: 'SIGKILL', timedOut: false })
    const grandchild = identityOf(Number(readFileSync(join(folder, 'pid'), 'utf8')))
    expect(await until(() => !isRunning(grandchild))).toBe(true)
  })

  test.each([
    ['is asked to end', 'sleep 600', GRACE_MS],
    ['is ended by force when it does not listen', `(trap '' TERM; sleep 600)`, SHORT_GRACE_MS],
  ])('what a command that was stopped leaves behind %s', async (_, started, graceMs) => {
    const folder = temporaryFolder()
    const controller = new AbortController()
    const { ended } = run(`${started} & echo $! > ${folder}/pid; trap 'exit 130' TERM; echo up; wait`, {
      signal: controller.signal,
      graceMs,
      onLine: () => {
        controller.abort()
      },
    })
    await ended
    const left = identityOf(Number(readFileSync(join(folder, 'pid'), 'utf8')))
    expect(await until(() => !isRunning(left))).toBe(true)
  })

  test('a hook that is out of time ends with the commands of its shell', async () => {
    const heard: Heard = { events: [], lines: [] }
    const command = ['/bin/sh', '-c', 'sleep 100; echo not-reached']
    const request = requestOf({ kind: 'hook', command, variables: {} }, heard)
    const end = await runnerOf([]).run({ ...request, timeLimitMs: 50 })
    expect(end).toEqual({ exitCode: undefined, signal: 'SIGTERM', timedOut: true })
    expect(heard.lines).toEqual([])
  })

  test('what a hook leaves in the background is neither waited for nor ended', async () => {
    const folder = temporaryFolder()
    const command = ['/bin/sh', '-c', `sleep 600 & echo $! > ${folder}/pid; echo started`]
    const heard: Heard = { events: [], lines: [] }
    expect(await runnerOf([]).run(requestOf({ kind: 'hook', command, variables: {} }, heard))).toEqual(DONE)
    expect(heard.lines).toEqual(['out: started'])
    const service = Number(readFileSync(join(folder, 'pid'), 'utf8'))
    expect(isRunning(identityOf(service))).toBe(true)
    process.kill(service, 'SIGKILL')
  })
})

describe('a process that outlived its worker', () => {
  async function leftover(script: string): Promise<ProcessIdentity> {
    const child = spawn('/bin/sh', ['-c', `${script}; echo up; while :; do sleep 0.02; done`], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await once(child.stdout, 'data')
    return identityOf(child.pid!)
  }

  test.each([
    ['is asked to end', ':'],
    ['is ended by force when it does not listen', "trap '' TERM"],
  ])('%s', async (_, script) => {
    const process = await leftover(script)
    expect(isRunning(process)).toBe(true)
    await runnerOf([], { graceMs: SHORT_GRACE_MS }).endLeftover(process, 'tidemark')
    expect(isRunning(process)).toBe(false)
    await runnerOf([]).endLeftover(process, 'hook')
  })

  test('is not mistaken for a later one of the same number', async () => {
    const now = await leftover(':')
    await runnerOf([]).endLeftover({ pid: now.pid, started: now.started.replace(/\d$/, 'x') }, 'hook')
    await runnerOf([]).endLeftover({ pid: now.pid, started: '' }, 'hook')
    expect(isRunning(now)).toBe(true)
    process.kill(-now.pid, 'SIGKILL')
  })
})
