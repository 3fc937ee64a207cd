import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { askDaemonForKey } from '../../src/service/control/ask-key.ts'
import { CliPlace, type CliProcess } from '../support/cli.ts'
import { eventually, passes } from '../support/eventually.ts'
import { placesInMemory } from '../support/process-memory.ts'

const PASSWORD = 'correct horse'
const UID = process.getuid?.() ?? 0

/** A user whose commands get no password but over the socket of a daemon, unless a test gives it. */
class DaemonPlace extends CliPlace {
  readonly socket = join(this.home, '.local/state/tidemark/control.sock')

  constructor() {
    super()
    delete this.environment['TIDEMARK_PASSWORD']
    delete this.environment['TIDEMARK_REPOSITORY']
  }

  async initialised(): Promise<void> {
    const environment = { TIDEMARK_PASSWORD: PASSWORD, TIDEMARK_REPOSITORY: this.repository }
    await this.succeed(['init', '--no-recovery', '--kdf-memory', '8M', '--name', 'escapepod'], { environment })
  }

  configure(more: string): void {
    const file = join(this.home, '.config/tidemark/config.yaml')
    writeFileSync(file, `${readFileSync(file, 'utf8')}${more}`)
  }

  async startDaemon(environment: Record<string, string> = {}): Promise<CliProcess> {
    const daemon = this.start(['daemon', '--json'], { environment })
    onTestFinished(async () => {
      if (daemon.exitCode !== null || daemon.signalCode !== null) return
      const ended = once(daemon, 'exit')
      daemon.kill('SIGKILL')
      await ended
    })
    daemon.stderr.resume()
    await once(daemon.stdout, 'data')
    daemon.stdout.resume()
    return daemon
  }

  async unlock(password = PASSWORD) {
    return this.succeed(['unlock'], { environment: { TIDEMARK_PASSWORD: password } })
  }
}

/** Flags of the mappings that the process can do nothing with: `lo` is locked, `dd` never dumped. */
function guardedFlags(pid: number): string[] {
  const blocks = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  return blocks.filter((block) => /^\S+ ---p/.test(block)).map((block) => /VmFlags: (.*)/.exec(block)?.[1] ?? '')
}

describe('an unlocked daemon', () => {
  test('opens the repository for commands until it is locked, and derives no key again', async () => {
    const place = new DaemonPlace()
    await place.initialised()
    expect(await place.run(['unlock'], { environment: { TIDEMARK_PASSWORD: PASSWORD } })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no daemon runs') as string,
    })
    await place.startDaemon()
    expect((await place.run(['points'])).code).toBe(2)
    await place.unlock()
    expect((await place.succeed(['points'])).stderr).toContain('no point yet')
    const { unlocked } = JSON.parse((await place.succeed(['daemon', 'status', '--json'])).stdout) as {
      unlocked: { location: string }[]
    }
    expect(unlocked.map(({ location }) => location)).toEqual([place.repository])
    // What the environment says comes first.
    expect((await place.run(['points'], { environment: { TIDEMARK_PASSWORD: 'wrong' } })).code).toBe(12)
    expect(JSON.parse((await place.succeed(['lock', '--json'])).stdout)).toEqual({ forgotten: 1 })
    expect((await place.run(['points'])).stderr).toContain('no password')
    expect((await place.run(['unlock'], { environment: { TIDEMARK_PASSWORD: 'wrong' } })).code).toBe(12)
    expect(JSON.parse((await place.succeed(['daemon', 'stop', '--json'])).stdout)).toMatchObject({ stopped: true })
    expect((await place.run(['daemon', 'status'])).code).toBe(1)
  })

  test('forgets a key whose password was changed under it, and says so', async () => {
    const place = new DaemonPlace()
    await place.initialised()
    await place.startDaemon()
    await place.unlock()
    writeFileSync(join(place.folder, 'new'), 'another horse')
    await place.succeed(['key', 'passwd', '--new-password-file', join(place.folder, 'new'), '--kdf-memory', '8M'])
    const after = await place.run(['points'])
    expect(after.stderr).toContain('run `tidemark unlock` again')
    expect(after.code).toBe(2)
    expect(JSON.parse((await place.succeed(['lock', '--json'])).stdout)).toEqual({ forgotten: 0 })
    await place.unlock('another horse')
    await place.succeed(['points'])
  })

  test('has a key nowhere but in memory that is locked, guarded and never dumped, nor anywhere once it is forgotten, and no password', async () => {
    const place = new DaemonPlace()
    await place.initialised()
    const daemon = await place.startDaemon()
    const pid = daemon.pid ?? 0
    await place.unlock()
    const held = await askDaemonForKey({ socketPath: place.socket, uid: UID, location: place.repository })
    const key = Buffer.from(held?.bytes ?? [])
    expect(key.byteLength).toBe(32)
    // What it may read by itself never holds the key; that it is found at all says that the search finds what is there.
    expect(placesInMemory(pid, key).map(({ access }) => access)).toEqual(['---p'])
    expect(placesInMemory(pid, Buffer.from(PASSWORD))).toEqual([])
    expect(placesInMemory(pid, Buffer.from(place.repository))).not.toEqual([])
    expect(guardedFlags(pid).filter((flags) => /\blo\b/.test(flags) && /\bdd\b/.test(flags))).not.toEqual([])
    const said = [readFileSync(`/proc/${pid}/environ`), readFileSync(`/proc/${pid}/cmdline`)]
    expect(said.filter((bytes) => bytes.includes(PASSWORD) || bytes.includes(key))).toEqual([])
    expect(readFileSync(`/proc/${pid}/coredump_filter`, 'utf8').trim()).toBe('00000000')
    const state = join(place.home, '.local/state/tidemark')
    const files = readdirSync(state).filter((name) => name !== 'control.sock')
    for (const name of files) expect(readFileSync(join(state, name)).includes(key)).toBe(false)
    await place.succeed(['lock'])
    expect(placesInMemory(pid, key)).toEqual([])
  })

  test('keeps nothing of a password that a file says, but the key that it opened', async () => {
    const place = new DaemonPlace()
    await place.initialised()
    const file = join(place.folder, 'password')
    writeFileSync(file, `${PASSWORD}\n`, { mode: 0o600 })
    place.configure(
      `plans:\n  nightly: { sources: [${place.source}], trigger: [], steps: [incremental], hooks: { before: exit 1 } }\n`,
    )
    const daemon = await place.startDaemon({ TIDEMARK_PASSWORD_FILE: file })
    const pid = daemon.pid ?? 0
    await place.succeed(['plan', 'run', 'nightly'])
    // The job waits until the daemon has opened its repository.
    const ask = async () => askDaemonForKey({ socketPath: place.socket, uid: UID, location: place.repository })
    const held = await eventually(ask, (key) => key !== undefined)
    const key = Buffer.from(held?.bytes ?? [])
    expect(key.byteLength).toBe(32)
    // It gives the key to whoever asks before it has done with what it made the key from.
    await passes(() => expect(placesInMemory(pid, key).map(({ access }) => access)).toEqual(['---p']))
    await passes(() => expect(placesInMemory(pid, Buffer.from(PASSWORD))).toEqual([]))
    expect(placesInMemory(pid, Buffer.from(file))).not.toEqual([])
  })

  test('opens nothing with what its environment says once somebody locked it, before he unlocks it', async () => {
    const place = new DaemonPlace()
    await place.initialised()
    place.configure(`plans:\n  nightly: { sources: [${place.source}], trigger: [], steps: [incremental] }\n`)
    const asked = join(place.folder, 'asked')
    await place.startDaemon({ TIDEMARK_PASSWORD_COMMAND: `touch ${asked}; echo ${PASSWORD}` })
    expect((await place.succeed(['lock'])).stderr).toContain('nothing is by itself before `tidemark unlock`')
    const { jobs } = JSON.parse((await place.succeed(['plan', 'run', 'nightly', '--json'])).stdout) as {
      jobs: { id: number }[]
    }
    await place.unlock()
    await place.succeed(['job', 'show', String(jobs[0]!.id), '--follow'])
    expect(existsSync(asked)).toBe(false)
  })

  test('opens for its jobs what its environment says, of which they inherit nothing', async () => {
    const place = new DaemonPlace()
    await place.initialised()
    writeFileSync(join(place.source, 'file'), 'content')
    const seen = join(place.folder, 'seen')
    place.configure(
      `plans:
  nightly:
    sources: [${place.source}]
    trigger: []
    hooks:
      before:
        - "tr '\\\\0' '\\\\n' < /proc/self/environ > ${seen}"
    steps: [incremental]
`,
    )
    await place.startDaemon({ TIDEMARK_PASSWORD: PASSWORD })
    const { jobs } = JSON.parse((await place.succeed(['plan', 'run', 'nightly', '--json'])).stdout) as {
      jobs: { id: number }[]
    }
    const id = String(jobs[0]!.id)
    const followed = await place.run(['job', 'show', id, '--follow', '--json'])
    expect(followed).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(followed.stdout.trim().split('\n').at(-1))).toMatchObject({
      type: 'summary',
      state: 'done',
      exitCode: 0,
    })
    expect(readFileSync(seen, 'utf8')).toContain('TIDEMARK_JOB')
    expect(readFileSync(seen, 'utf8')).not.toContain('horse')
    expect((await place.succeed(['points', '--json'])).stdout).toContain('"full"')
    const list = JSON.parse((await place.succeed(['job', 'list', '--state', 'done', '--json'])).stdout) as unknown[]
    expect(list).toMatchObject([{ plan: 'nightly', command: 'backup', repository: 'escapepod' }])
    expect((await place.succeed(['plan', 'list'])).stdout).toContain('only by hand')
    await place.succeed(['plan', 'pause', 'nightly'])
    expect(JSON.parse((await place.succeed(['plan', 'list', '--json'])).stdout)).toMatchObject({
      daemon: true,
      plans: [{ name: 'nightly', paused: true }],
    })
    await place.succeed(['daemon', 'stop'])
    // Without a daemon, the stores tell the same.
    expect(JSON.parse((await place.succeed(['job', 'list', '--json'])).stdout)).toEqual(list)
    expect((await place.succeed(['job', 'show', id])).stdout).toContain('nightly/incremental')
    await place.succeed(['plan', 'resume', 'nightly'])
    expect((await place.run(['plan', 'run', 'nightly'])).stderr).toContain('tidemark daemon install')
    expect((await place.run(['job', 'cancel', 'x'])).code).toBe(2)
    expect((await place.run(['notification', 'ack'])).code).toBe(2)
  })
})
