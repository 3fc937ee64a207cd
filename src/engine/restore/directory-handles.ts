import { present } from '../../base/assert.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { cString } from '../../base/posix/c-string.ts'
import { O_CLOEXEC, O_DIRECTORY, O_PATH } from '../../base/posix/constants.ts'
import { closeDescriptor, openAt } from '../../base/posix/descriptors.ts'
import { check } from '../../base/posix/errno.ts'
import { libc } from '../../base/posix/libc.ts'

const HANDLES_MAX = 192

/**
 * Descriptors of directories below the target, opened one component after the other and never through a symbolic link:
 * whatever happens to the names meanwhile, they lead nowhere else.
 *
 * They name directories only, and cannot list them. The ones used last stay open.
 */
export class DirectoryHandles implements Disposable {
  readonly #rootFd: number
  /** By path relative to the target, the one used last at the end. */
  readonly #open = new Map<string, number>()
  #lastPath: string | undefined
  #lastFd = -1

  /** `rootFd` stays the caller's. */
  constructor(rootFd: number) {
    this.#rootFd = rootFd
  }

  /**
   * Returns a descriptor of the directory at `path`, relative to the target, good until the next call.
   *
   * @throws {PosixError} ENOTDIR: a component is a symbolic link or no directory; ENOENT, EACCES.
   */
  fd(path: ByteString): number {
    if (path === '') return this.#rootFd
    if (path === this.#lastPath) return this.#lastFd
    // Directories may lie so deep that no stack has room for a call each.
    const missing: ByteString[] = []
    let at: string = path
    for (; at !== '' && !this.#open.has(at); at = at.slice(0, Math.max(at.lastIndexOf('/'), 0)))
      missing.push(at as ByteString)
    let fd = this.#rootFd
    if (at !== '') {
      fd = present(this.#open.get(at), 'an open directory')
      this.#open.delete(at)
      this.#open.set(at, fd)
    }
    for (const below of missing.reverse()) {
      fd = openAt(fd, below.slice(below.lastIndexOf('/') + 1) as ByteString, { flags: O_PATH | O_DIRECTORY })
      this.#dropOldest()
      this.#open.set(below, fd)
    }
    this.#lastPath = path
    this.#lastFd = fd
    return fd
  }

  /** Returns a descriptor of the directory at `path` that the caller closes. */
  ownFd(path: ByteString): number {
    const flags = O_PATH | O_DIRECTORY | O_CLOEXEC
    return check(libc().openat(this.fd(path), cString('.' as ByteString), flags, 0), 'openat', path)
  }

  /** Forgets the directory at `path` and all below it: something else has, or will have, its name. */
  forget(path: ByteString): void {
    this.#lastPath = undefined
    for (const [known, fd] of this.#open) {
      if (known !== path && !known.startsWith(`${path}/`)) continue
      this.#open.delete(known)
      closeDescriptor(fd)
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open.values()) closeDescriptor(fd)
    this.#open.clear()
    this.#lastPath = undefined
  }

  #dropOldest(): void {
    if (this.#open.size < HANDLES_MAX) return
    const [oldest] = this.#open
    if (oldest === undefined) return
    this.#open.delete(oldest[0])
    if (this.#lastPath === oldest[0]) this.#lastPath = undefined
    closeDescriptor(oldest[1])
  }
}
