import { assert } from '../../base/assert.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { cString } from '../../base/posix/c-string.ts'
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../../base/posix/constants.ts'
import { addressOf, libc } from '../../base/posix/libc.ts'
import { STATX_BYTES, STX_DEV_MAJOR, STX_DEV_MINOR, STX_INO, STX_MODE, STX_SIZE } from '../../base/posix/statx.ts'
import { ROW_DEVICE_MASK, ROW_DEVICE_SHIFT } from './entry-table.ts'
import { SCAN_MASK } from './stat-row.ts'

/** What statx(2) said of the entry that a scan looked at last: one piece of memory for all of them. */
export class EntryStatus {
  readonly words = new Int32Array(STATX_BYTES / 4)
  readonly #address = addressOf(new Uint8Array(this.words.buffer))
  /** By device: its number in the order they were met. */
  readonly #devices = new Map<string, number>()
  #lastMajor = -1
  #lastMinor = -1
  #lastDeviceBits = 0

  /** Looks at the entry of directory `dirfd` whose NUL-terminated name is at `name`; false when that fails. */
  look(dirfd: number, name: number): boolean {
    return libc().statx(dirfd, name, AT_SYMLINK_NOFOLLOW, SCAN_MASK, this.#address) === 0
  }

  /** Looks at a path; false when that fails. */
  lookAt(path: ByteString, flags: number): boolean {
    return libc().statx(AT_FDCWD, cString(path), flags, SCAN_MASK, this.#address) === 0
  }

  lookAtOpen(fd: number): void {
    const result = libc().statx(fd, cString('' as ByteString), AT_EMPTY_PATH, SCAN_MASK, this.#address)
    assert(result === 0, 'an open directory has a status')
  }

  /** Kind and permissions, as `st_mode` has them. */
  get mode(): number {
    return this.#word(STX_MODE) & 0xffff
  }

  get size(): number {
    return (this.#word(STX_SIZE + 1) >>> 0) * 2 ** 32 + (this.#word(STX_SIZE) >>> 0)
  }

  /** The file system that it is on, as `major:minor`. */
  get device(): string {
    return `${this.#word(STX_DEV_MAJOR)}:${this.#word(STX_DEV_MINOR)}`
  }

  /** The same for all paths to it. */
  get identity(): string {
    return `${this.device}:${this.#word(STX_INO)}:${this.#word(STX_INO + 1)}`
  }

  /** The number of its file system, where a row keeps it. */
  get deviceBits(): number {
    const [major, minor] = [this.#word(STX_DEV_MAJOR), this.#word(STX_DEV_MINOR)]
    if (major !== this.#lastMajor || minor !== this.#lastMinor) {
      this.#lastMajor = major
      this.#lastMinor = minor
      const { device } = this
      const known = this.#devices.get(device) ?? this.#devices.size
      this.#devices.set(device, known)
      this.#lastDeviceBits = (known << ROW_DEVICE_SHIFT) & ROW_DEVICE_MASK
    }
    return this.#lastDeviceBits
  }

  #word(at: number): number {
    return this.words[at] ?? 0
  }
}
