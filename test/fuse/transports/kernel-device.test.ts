import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { encodeInvalidEntry, encodeInvalidNode } from '../../../fuse/protocol/notifications.ts'
import type { KernelDevice } from '../../../fuse/transports/kernel/kernel-device.ts'
import { notMounted } from '../../../fuse/transports/kernel/mount-errors.ts'
import { mountAt, resolveMountPoint } from '../../../fuse/transports/kernel/mounts.ts'
import { openKernelDevice } from '../../../fuse/transports/kernel/open-kernel-device.ts'
import { endMount, endOtherMount } from '../../../fuse/transports/kernel/unmount.ts'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { mountAnswer, MountAnswers } from '../../../src/base/posix/mount-answers.ts'
import type { MountPoint } from '../../../src/base/posix/mount-points.ts'
import { foldersIn, freeBytesAt, placesAt, sharesDisk } from '../../../src/service/application/places.ts'
import { rootTest } from '../../support/root-test.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const searchPath = process.env['PATH'] ?? ''
const run = promisify(execFile)

/** Makes an empty folder, over which nothing is mounted any longer when the test has finished. */
function mountFolder(): string {
  const path = join(temporaryFolder(), 'mount')
  mkdirSync(path)
  onTestFinished(async () => {
    while (mountAt(path) !== undefined) await run('umount', ['--lazy', path])
  })
  return path
}

interface ServedMount {
  readonly device: KernelDevice
  /** Resolves to the exit code of the thread that answers. */
  readonly ended: Promise<number>
}

/** Mounts an empty folder that a thread answers for. */
async function serve(mountPoint: string): Promise<ServedMount> {
  const device = await openKernelDevice({ mountPoint, allowOther: false, searchPath })
  const worker = new Worker(new URL('../../support/fuse-worker.ts', import.meta.url), { workerData: { fd: device.fd } })
  const ended = (once(worker, 'exit') as Promise<[number]>).then(([code]) => {
    device.close()
    return code
  })
  return { device, ended }
}

/** Runs a program until the test has finished, and resolves once it has written something. */
async function start(command: string, words: readonly string[], options: { cwd?: string } = {}): Promise<ChildProcess> {
  const child = spawn(command, words, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

/** Starts a shell that makes itself a `sleep`; resolves when it is one. */
async function startSleep(script: string, path: string, options: { cwd?: string } = {}): Promise<ChildProcess> {
  const child = await start('sh', ['-c', `echo; ${script}`, path], options)
  const isSleep = (): boolean => readFileSync(`/proc/${child.pid ?? 0}/comm`, 'utf8') === 'sleep\n'
  await expect.poll(isSleep).toBe(true)
  return child
}

const mountedProcess = new URL('../../support/mounted-process.ts', import.meta.url).pathname

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

describe('the device of a mount', () => {
  rootTest('shows a read-only file system without devices and set-user-id programs, and ends cleanly', async () => {
    const path = mountFolder()
    const { device, ended } = await serve(path)
    expect(mountAt(path)).toMatchObject({ type: 'fuse.tidemark', source: 'tidemark', readOnly: true })
    const options = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .find((line) => line.includes(path))
    expect(options).toMatch(/ ro,nosuid,nodev,.* ro,.*max_read=1048576/)
    expect(readdirSync(path)).toEqual([])
    expect(() => writeFileSync(join(path, 'x'), '')).toThrow(expect.objectContaining({ code: 'EROFS' }))
    await device.unmount()
    expect(await ended).toBe(0)
    expect(mountAt(path)).toBeUndefined()
    writeFileSync(join(path, 'x'), 'writable again')
  })

  rootTest('is found through symbolic links', async () => {
    const path = mountFolder()
    const link = join(temporaryFolder(), 'link')
    symlinkSync(path, link)
    const { device, ended } = await serve(link)
    expect(device.mountPoint).toBe(path)
    await device.unmount()
    await ended
  })

  rootTest('reads ahead as far as a few of the largest requests', async () => {
    const { device, ended } = await serve(mountFolder())
    const file = `/sys/class/bdi/${device.deviceNumber}/read_ahead_kb`
    expect(existsSync(file) ? readFileSync(file, 'utf8').trim() : '4096').toBe('4096')
    await device.unmount()
    await ended
  })

  rootTest('is not mounted twice in one place', async () => {
    const path = mountFolder()
    const { device, ended } = await serve(path)
    await expect(openKernelDevice({ mountPoint: path, allowOther: false, searchPath })).rejects.toMatchObject({
      code: 'MOUNT_BUSY',
      hint: expect.stringContaining('tidemark unmount') as string,
    })
    await device.unmount()
    await ended
  })

  rootTest('replaces a dead mount, whose process was killed', async () => {
    const path = mountFolder()
    await kill(await start(process.execPath, [mountedProcess, path]))
    expect(() => statSync(path)).toThrow(expect.objectContaining({ code: 'ENOTCONN' }))
    expect(await resolveMountPoint(path)).toBe(path)
    const { device, ended } = await serve(path)
    expect(readdirSync(path)).toEqual([])
    await device.unmount()
    await ended
    expect(mountAt(path)).toBeUndefined()
  })

  rootTest('is told what to forget, and says whether there was something', async () => {
    const path = mountFolder()
    const { device, ended } = await serve(path)
    readdirSync(path)
    expect(await device.notify(encodeInvalidNode(1))).toBe(true)
    expect(await device.notify(encodeInvalidNode(99))).toBe(false)
    expect(await device.notify(encodeInvalidEntry(1, byteStringOf('unknown')))).toBe(false)
    await device.unmount()
    expect(await ended).toBe(0)
  })

  rootTest('says what is missing where nothing can be mounted', async () => {
    const path = mountFolder()
    // A container without the device: here a mount name space of its own, with an empty /dev.
    const words = [
      '--mount',
      'sh',
      '-c',
      'mount -t tmpfs none /dev && exec "$@"',
      'sh',
      process.execPath,
      mountedProcess,
    ]
    const { stdout } = await run('unshare', [...words, path])
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'MOUNT_UNAVAILABLE',
      hint: expect.stringContaining('modprobe fuse') as string,
    })
  })
})

rootTest(
  'a mount that does not answer is asked from outside, takes no thread of this process, and can be ended',
  async () => {
    const path = mountFolder()
    const served = await start(process.execPath, [mountedProcess, path])
    expect(await mountAnswer(path, 60_000)).toBe('alive')
    await startSleep('exec sleep 600', path, { cwd: path })
    served.kill('SIGSTOP')
    await expect.poll(() => stateOf(served)).toBe('T')
    const link = join(temporaryFolder(), 'link')
    symlinkSync(path, link)
    const inside = byteStringOf(join(link, 'x'))
    // One process asks for all of them.
    const looks = await Promise.all([
      mountAnswer(path, 100),
      new MountAnswers().answersAt(path),
      placesAt([join(path, 'x'), link, temporaryFolder()]),
      freeBytesAt(inside),
      sharesDisk(inside, [inside]),
      foldersIn(dirname(link), '/'),
    ])
    const [unknown, there] = [{ kind: 'unknown' }, { kind: 'folder' }]
    expect(looks).toMatchObject(['silent', false, [unknown, unknown, there], undefined, false, []])
    expect(await kernelWaits()).not.toContain('request_wait_answer')
    expect(await resolveMountPoint(path)).toBe(path)
    // Who works there cannot leave it, and does not keep it.
    await Promise.all([mountAnswer(path, 100), endOtherMount({ mountPoint: path, searchPath })])
    expect(mountAt(path)).toBeUndefined()
    await kill(served)
  },
)

/** As proc_pid_stat(5) tells it: `T` is stopped. */
function stateOf({ pid = 0 }: ChildProcess): string | undefined {
  return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
}

/** Returns the functions of the kernel that threads of this process wait in. */
async function kernelWaits(): Promise<string[]> {
  const files = readdirSync('/proc/self/task').map((thread) => `/proc/self/task/${thread}/wchan`)
  // A thread may have ended meanwhile.
  return Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
}

describe('a mount that is in use', () => {
  const holders: readonly (readonly [string, (path: string) => Promise<ChildProcess>])[] = [
    ['a working directory', (cwd) => startSleep('exec sleep 600', cwd, { cwd })],
    ['an open directory', (path) => startSleep('exec 3< "$0"; exec sleep 600', path)],
  ]

  for (const [what, hold] of holders) {
    rootTest(`stays, and says by whom: ${what}`, async () => {
      const path = mountFolder()
      const { device, ended } = await serve(path)
      const holder = await hold(path)
      await expect(device.unmount()).rejects.toMatchObject({
        code: 'MOUNT_BUSY',
        message: expect.stringContaining(`in use by sleep (${holder.pid ?? 0}) in ${path}`) as string,
      })
      expect(readdirSync(path)).toEqual([])
      await kill(holder)
      await device.unmount()
      expect(await ended).toBe(0)
    })
  }

  rootTest('can be taken out of sight, and goes on for those who use it', async () => {
    const path = mountFolder()
    const { device, ended } = await serve(path)
    const holder = await start('sh', ['-c', 'echo; while ls . >/dev/null; do sleep 0.1; done'], { cwd: path })
    await device.detach()
    expect(mountAt(path)).toBeUndefined()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(holder.exitCode).toBeNull()
    await kill(holder)
    expect(await ended).toBe(0)
  })
})

rootTest('a mount that does not answer ends for those, too, who wait for an answer', async () => {
  const path = mountFolder()
  const mounted = await start(process.execPath, [mountedProcess, path])
  mounted.kill('SIGSTOP')
  const waiting = spawn('ls', [path], { stdio: 'ignore' })
  const ended = once(waiting, 'exit') as Promise<[number | null]>
  const isWaiting = (): boolean => /wait/.test(readFileSync(`/proc/${waiting.pid ?? 0}/wchan`, 'utf8'))
  await expect.poll(isWaiting).toBe(true)
  await endMount({ mountPoint: path, lazy: true, abort: true, searchPath })
  expect(await ended).not.toEqual([0, null])
  expect(mountAt(path)).toBeUndefined()
  await kill(mounted)
})

test('where no repository is mounted, those are named that are, and what covers one is told', () => {
  const mounts = ['/a', '/b', '/b'].map((mounted) => ({ path: byteStringOf(mounted) }) as MountPoint)
  expect(notMounted('/c', mounts)).toMatchObject({ code: 'NOT_MOUNTED', hint: 'Mounted are: /a, /b.' })
  expect(notMounted('/c', [])).toMatchObject({ hint: 'None is mounted anywhere.' })
  expect(notMounted('/b', mounts)).toMatchObject({
    message: 'something else was mounted over /b',
    hint: 'Unmount that first.',
  })
})

test('ending a mount where there is none names those that there are', async () => {
  await expect(endMount({ mountPoint: temporaryFolder(), lazy: false, searchPath })).rejects.toMatchObject({
    code: 'NOT_MOUNTED',
    hint: expect.stringMatching(/^(None is mounted anywhere|Mounted are: )/) as string,
  })
})

/** Where an ordinary user may mount: a mount name space with a /dev/fuse and an /etc/fuse.conf of its own. */
interface UserSpace {
  readonly path: string
  /** Mounts as `nobody`; returns what the process said first. */
  mount(...words: readonly string[]): Promise<string>
  /** Runs a command as a user; returns what it wrote, errors included. */
  as(uid: number, command: string): Promise<string>
}

const NOBODY = 65534
const STRANGER = 65533

async function userSpace({ conf = '', deviceMode = 0o666 } = {}): Promise<UserSpace> {
  const folder = temporaryFolder()
  chmodSync(folder, 0o755)
  const path = join(folder, 'mount')
  mkdirSync(path)
  execFileSync('chown', [`${NOBODY}`, path])
  writeFileSync(join(folder, 'fuse.conf'), conf)
  const prepare = `set -e; cd "$0"; mknod fuse c 10 229; chmod ${deviceMode.toString(8)} fuse
    mount --bind fuse /dev/fuse; touch /etc/fuse.conf; mount --bind fuse.conf /etc/fuse.conf; cd /; echo; exec sleep 600`
  const keeper = await start('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', prepare, folder])
  const inside = (uid: number): string[] => [
    ...['--mount', '--target', `${keeper.pid ?? 0}`],
    ...['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'],
  ]
  return {
    path,
    mount: async (...words) => {
      const child = spawn('nsenter', [...inside(NOBODY), process.execPath, mountedProcess, path, ...words], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      const [text] = (await once(child.stdout, 'data')) as [Buffer]
      return text.toString()
    },
    as: async (uid, command) => {
      const { stdout } = await run('nsenter', [...inside(uid), 'sh', '-c', `(${command}) 2>&1 || true`])
      return stdout
    },
  }
}

describe('an ordinary user', () => {
  rootTest('mounts, is the only one who gets in, and unmounts', async () => {
    const space = await userSpace()
    expect(await space.mount('700')).toBe('mounted\n')
    expect(await space.as(NOBODY, `grep ${space.path} /proc/self/mountinfo`)).toMatch(
      / ro,nosuid,nodev,.* fuse\.tidemark tidemark ro,user_id=65534,group_id=65534,max_read=1048576/,
    )
    // Whose it is in the point does not matter: root's folder of mode 700 is open to who has the key.
    expect(await space.as(NOBODY, `ls ${space.path} && echo in`)).toBe('in\n')
    expect(await space.as(STRANGER, `ls ${space.path}`)).toContain('Permission denied')
    expect(await space.as(0, `ls ${space.path}`)).toContain('Permission denied')
    expect(await space.as(NOBODY, `fusermount3 -u ${space.path} && echo out`)).toBe('out\n')
  })

  rootTest('lets others in where the machine allows it, each to what the stored modes let him', async () => {
    const space = await userSpace({ conf: 'user_allow_other\n' })
    expect(await space.mount('700', 'allow-other')).toBe('mounted\n')
    expect(await space.as(STRANGER, `stat -c %A ${space.path}`)).toBe('drwx------\n')
    expect(await space.as(STRANGER, `ls ${space.path}`)).toContain('Permission denied')
    expect(await space.as(NOBODY, `ls ${space.path}`)).toContain('Permission denied')
    expect(await space.as(0, `ls ${space.path} && echo in`)).toBe('in\n')
    await space.as(NOBODY, `fusermount3 -u ${space.path}`)
    expect(await space.mount('755', 'allow-other')).toBe('mounted\n')
    expect(await space.as(STRANGER, `ls ${space.path} && echo in`)).toBe('in\n')
  })

  rootTest('is told in one sentence what keeps him from it', async () => {
    const refusals: readonly (readonly [Parameters<typeof userSpace>[0], string[], RegExp])[] = [
      [{}, ['755', 'allow-other'], /user_allow_other.*\/etc\/fuse\.conf/],
      [{ deviceMode: 0o600 }, ['755'], /chmod 0666 \/dev\/fuse/],
    ]
    for (const [machine, words, hint] of refusals) {
      const space = await userSpace(machine)
      const said = JSON.parse(await space.mount(...words)) as { code: string; hint: string }
      expect(said.code).toBe('MOUNT_UNAVAILABLE')
      expect(said.hint).toMatch(hint)
    }
    const strangers = await userSpace()
    await strangers.as(0, `chown 0 ${strangers.path}`)
    expect(await strangers.mount()).toMatch(/you own/)
    const bare = await userSpace()
    const without = await bare.as(NOBODY, `PATH=/nowhere ${process.execPath} ${mountedProcess} ${bare.path}`)
    expect(without).toMatch(/package fuse3/)
  })
})
