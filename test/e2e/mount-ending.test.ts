import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'

import { CliMount, isMounted, mountFolder, run, until } from '../support/cli-mount.ts'
import { sharedPlace } from '../support/cli.ts'
import { fuseTest } from '../support/fuse-test.ts'

const shared = sharedPlace(async (place) => {
  writeFileSync(join(place.source, 'file'), 'text')
  await place.init()
  await place.succeed(['backup', place.source])
})

/** Returns the process that a mount in the background became. */
function backgroundProcess(directory: string): number {
  const pid = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(directory)
    } catch {
      return false
    }
  })
  if (pid === undefined) throw new Error('no process in the background')
  onTestFinished(() => {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended, as it should.
    }
  })
  return Number(pid)
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

for (const [how, end] of [
  ['Ctrl-C', (mount: CliMount) => void mount.process.kill('SIGINT')],
  ['SIGTERM', (mount: CliMount) => void mount.process.kill('SIGTERM')],
  ['fusermount3 -u', (mount: CliMount) => void run('fusermount3', ['-u', mount.directory])],
] as const) {
  fuseTest(`${how} ends a mount, and all is well`, async () => {
    const mount = await CliMount.open(shared())
    expect(readdirSync(mount.directory)).toContain('points')
    end(mount)
    const { code, stdout, stderr } = await mount.ended()
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Mounted .* at .*\.\n$/)
    expect(stderr).not.toMatch(/warning|rror/)
    expect(isMounted(mount.directory)).toBe(false)
    expect(readdirSync(mount.directory)).toEqual([])
  })
}

fuseTest('unmount ends a mount, and says when there is none', async () => {
  const place = shared()
  const mount = await CliMount.open(place)
  await place.succeed(['unmount', mount.directory])
  expect((await mount.ended()).code).toBe(0)
  const again = await place.run(['unmount', mount.directory])
  expect(again.code).toBe(2)
  expect(again.stderr).toMatch(/no repository is mounted at/)
})

fuseTest('who holds a mount is told: unmount leaves it, an interruption takes it out of sight', async () => {
  const place = shared()
  const mount = await CliMount.open(place)
  const holder = spawn('sleep', ['600'], { cwd: mount.path('latest', place.source), stdio: 'ignore' })
  onTestFinished(() => void holder.kill('SIGKILL'))
  const refused = await place.run(['unmount', mount.directory])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(`sleep (${holder.pid ?? 0})`)
  expect(readFileSync(mount.path('latest', place.source, 'file'), 'utf8')).toBe('text')
  mount.process.kill('SIGTERM')
  expect(await until(() => !isMounted(mount.directory))).toBe(true)
  expect(mount.process.exitCode).toBe(null)
  holder.kill('SIGKILL')
  const { code, stderr } = await mount.ended()
  expect(code).toBe(0)
  expect(stderr).toContain(`sleep (${holder.pid ?? 0})`)
})

fuseTest('whoever works in a mount does not keep it from ending: interrupted twice, it ends at once', async () => {
  const place = shared()
  const mount = await CliMount.open(place)
  const holder = spawn('sleep', ['600'], { cwd: mount.path('latest', place.source), stdio: 'ignore' })
  onTestFinished(() => void holder.kill('SIGKILL'))
  mount.process.kill('SIGINT')
  expect(await until(() => !isMounted(mount.directory))).toBe(true)
  const { code } = await mount.end('SIGINT')
  expect(code).toBe(130)
  expect(holder.exitCode).toBe(null)
})

fuseTest('a mount whose process was killed is replaced by the next', async () => {
  const place = shared()
  const killed = await CliMount.open(place)
  await killed.end('SIGKILL')
  expect(isMounted(killed.directory)).toBe(true)
  const mount = await CliMount.open(place)
  expect(readFileSync(mount.path('latest', place.source, 'file'), 'utf8')).toBe('text')
  const second = await place.run(['mount', mount.directory])
  expect(second.code).not.toBe(0)
  expect((await mount.end()).code).toBe(0)
})

fuseTest(
  'in the background a mount is ready when the command returns, and holds no secret where others look',
  async () => {
    const place = shared()
    const directory = mountFolder(place)
    const started = await place.succeed(['mount', directory, '--background', '-v'])
    expect(started.stdout).toBe(`Mounted ${place.repository} at ${directory}.\n`)
    expect(readFileSync(join(directory, 'latest', place.source, 'file'), 'utf8')).toBe('text')
    const pid = backgroundProcess(directory)
    for (const file of ['cmdline', 'environ']) {
      expect(readFileSync(`/proc/${pid}/${file}`, 'utf8')).not.toContain('correct horse')
    }
    expect(started.stderr).toContain(String(pid))
    await place.succeed(['unmount', directory])
    expect(await until(() => !isRunning(pid))).toBe(true)
  },
)

fuseTest('what keeps a mount from going to the background is told where it was started', async () => {
  const place = shared()
  const directory = mountFolder(place, 'not-empty')
  const wrong = await place.run(['mount', directory, '--background'], { environment: { TIDEMARK_PASSWORD: 'wrong' } })
  expect(wrong.code).toBe(12)
  expect(wrong.stderr).toMatch(/^tidemark: .*password/m)
  expect(isMounted(directory)).toBe(false)
  mkdirSync(join(directory, 'full'))
  const full = await place.run(['mount', directory, '--background'])
  expect(full.code).toBe(2)
  expect(full.stderr).toMatch(/is not empty/)
  const stateless = await place.run(['mount', mountFolder(place, 'empty'), '--background'], {
    environment: { TIDEMARK_STATE_DIR: join(place.source, 'file', 'state') },
  })
  expect(stateless.stderr).toMatch(/log cannot be written: ENOTDIR\nhint: .*TIDEMARK_STATE_DIR/)
  expect(stateless.code).toBe(1)
  const alone = await place.run(['mount', directory, '--detached'])
  expect(alone.code).toBe(2)
})
