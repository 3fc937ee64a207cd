import {
  O_CLOEXEC,
  O_NOATIME,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  POSIX_FADV_WILLNEED,
} from '../../base/posix/constants.ts'
import { errno, errnoName } from '../../base/posix/errno.ts'
import { libc } from '../../base/posix/libc.ts'

/** Files that are open beside the one being read: the disk brings them while that one is compressed. */
const FILES_AHEAD = 32
/** The start of a file that is asked for: the kernel's own read-ahead sees to what follows. */
const ADVISED_BYTES_MAX = 1 << 20

/** A file to be opened: the directory's descriptor, or why there is none, and where its NUL-terminated name is. */
export interface FileToOpen {
  readonly directory: number | { readonly problem: string }
  readonly name: number
}

/** An open descriptor, or the name of the error number. */
export type OpenedFile = number | { readonly problem: string }

/**
 * Opens files in the order in which they will be read, a few ahead, and tells the kernel that their bytes will be wanted.
 *
 * A thread that reads small files one after the other from a disk waits for each alone. Disposing of it closes what was
 * opened and not taken.
 */
export class OpenAhead implements Disposable {
  readonly #files: readonly FileToOpen[]
  readonly #opened: OpenedFile[] = []
  #taken = 0

  constructor(files: readonly FileToOpen[]) {
    this.#files = files
  }

  /** Returns the next file; closing it is the caller's. */
  next(): OpenedFile {
    const end = Math.min(this.#taken + 1 + FILES_AHEAD, this.#files.length)
    for (let i = this.#opened.length; i < end; i++) this.#opened.push(this.#open(this.#files[i]))
    return this.#opened[this.#taken++] ?? { problem: 'ENOENT' }
  }

  [Symbol.dispose](): void {
    for (const file of this.#opened.slice(this.#taken)) if (typeof file === 'number') libc().close(file)
    this.#taken = this.#opened.length
  }

  #open(file: FileToOpen | undefined): OpenedFile {
    if (file === undefined) return { problem: 'ENOENT' }
    const { directory, name } = file
    if (typeof directory !== 'number') return directory
    const fd = this.#openAt(directory, name)
    if (fd < 0) return { problem: errnoName(errno()) }
    // Advice may be refused: it changes nothing but the time.
    libc().posix_fadvise(fd, 0, ADVISED_BYTES_MAX, POSIX_FADV_WILLNEED)
    return fd
  }

  #openAt(directory: number, name: number): number {
    const { openat } = libc()
    // A pipe that took the place of a file must not be waited for.
    const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
    const fd = openat(directory, name, flags | O_NOATIME, 0)
    if (fd >= 0 || errnoName(errno()) !== 'EPERM') return fd
    // Only a file's owner may leave its access time alone.
    return openat(directory, name, flags, 0)
  }
}
