import { type ChildProcess, spawn } from 'node:child_process'
import { readlink } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'

import { byteStringOf, bytesOf } from '../byte-string.ts'
import { type MountPoint, mountPoints } from './mount-points.ts'

/** `dead`: its process has ended, and left it. `silent`: it did not answer in time, and may yet do so. */
export type MountAnswer = 'alive' | 'dead' | 'silent'

/** How long a mount may take to say that it lives. */
const ANSWER_MS_MAX = 5000
/** As the kernel follows them, at most. */
const LINKS_MAX = 40
/** Whose answers come from another process or another machine. `fuseblk` is a local disk, but its reader may be stopped, too. */
const FOREIGN = /^(?:fuse|fuseblk|fuse\..*|nfs4?|cifs|smb3|9p|ceph|afs|virtiofs|autofs)$/
/** None of the user's own folders: they may lie on such a mount. */
const SEARCH_PATH = '/usr/bin:/bin:/run/current-system/sw/bin:/run/current-system/profile/bin'

interface Look {
  readonly child: ChildProcess
  readonly answer: Promise<MountAnswer>
}

/** Looks whose process has not ended yet, by the path of the mount. */
const looks = new Map<string, Look>()

/**
 * Asks what is mounted at `path`, an absolute path without symbolic links, whether it answers.
 *
 * A process of its own asks and is killed when it takes too long: a thread of this one would stay in the kernel until the
 * mount answers, and the end of the program waits for its threads. No mount is asked twice at a time: where even a kill
 * does not end the wait, the answer stays `silent` until it does.
 */
export async function mountAnswer(path: string, msMax = ANSWER_MS_MAX): Promise<MountAnswer> {
  return (looks.get(path) ?? startLook(path, msMax)).answer
}

function startLook(path: string, msMax: number): Look {
  // What statfs(2) tells of a file system is never cached, as what stat(2) tells of its root may be.
  const child = spawn('stat', ['-f', '--', path], {
    env: { PATH: SEARCH_PATH, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const { promise: answer, resolve: settle } = Promise.withResolvers<MountAnswer>()
  const timer = setTimeout(() => {
    settle('silent')
    child.kill('SIGKILL')
    child.unref()
    child.stderr.destroy()
  }, msMax)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const end = (last: MountAnswer): void => {
    clearTimeout(timer)
    settle(last)
    if (looks.get(path)?.child === child) looks.delete(path)
    if (looks.size === 0) process.off('exit', endLooks)
  }
  // Where that program is missing nobody can be asked: then mounts are looked at as folders are.
  child.once('error', () => end('alive'))
  child.once('close', (code: number | null) => end(code === null ? 'silent' : isUnconnected(said) ? 'dead' : 'alive'))
  if (looks.size === 0) process.on('exit', endLooks)
  const look = { child, answer }
  looks.set(path, look)
  return look
}

/** ENOTCONN, as C libraries say it; any other error came from somebody who answers. */
function isUnconnected(said: string): boolean {
  return said.trimEnd().endsWith('not connected')
}

/** What still waits would hold its mount when this process has ended. */
function endLooks(): void {
  for (const { child } of looks.values()) child.kill('SIGKILL')
}

/** Tells which paths can be looked at without waiting for a mount that does not answer. Asks each mount once. */
export class MountAnswers {
  readonly #foreign: readonly MountPoint[]
  readonly #asked = new Map<string, Promise<boolean>>()

  constructor(mounts: readonly MountPoint[] = process.platform === 'linux' ? mountPoints() : []) {
    // Nothing would work where `/` does not answer. The outer first: an inner one is asked through it.
    this.#foreign = mounts
      .filter(({ type, path }) => FOREIGN.test(type) && path !== '/')
      .sort((a, b) => a.path.length - b.path.length)
  }

  /** Whether all mounts on the way to `path`, an absolute path whose links are not followed, answer. */
  async answersAt(path: string): Promise<boolean> {
    const bytes = byteStringOf(path)
    for (const mount of this.#foreign) {
      if (bytes !== mount.path && !bytes.startsWith(`${mount.path}/`)) continue
      if (!(await this.#answers(bytesOf(mount.path).toString('utf8')))) return false
    }
    return true
  }

  /** As `answersAt`, also behind the symbolic links on the way. */
  async reaches(path: string): Promise<boolean> {
    if (this.#foreign.length === 0) return true
    let at = '/'
    let links = 0
    const left = resolve(path).split(sep).filter(Boolean)
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      if (name === '..') {
        at = dirname(at)
        continue
      }
      const next = resolve(at, name)
      if (!(await this.answersAt(next))) return false
      const target = await readlink(next).catch(() => undefined)
      if (target === undefined) {
        at = next
        continue
      }
      // Whoever follows it is told ELOOP at once.
      if (++links > LINKS_MAX) return true
      if (target.startsWith(sep)) at = '/'
      left.unshift(...target.split(sep).filter((part) => part !== '' && part !== '.'))
    }
    return true
  }

  async #answers(path: string): Promise<boolean> {
    let asked = this.#asked.get(path)
    if (asked === undefined) {
      asked = mountAnswer(path).then((answer) => answer !== 'silent')
      this.#asked.set(path, asked)
    }
    return asked
  }
}
