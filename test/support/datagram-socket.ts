import { setTimeout as sleep } from 'node:timers/promises'

import { AF_UNIX, MSG_DONTWAIT, SOCK_CLOEXEC } from '../../src/base/posix/constants.ts'
import { check, errno, errnoName } from '../../src/base/posix/errno.ts'
import { koffi, libc } from '../../src/base/posix/libc.ts'

const SOCK_DGRAM = 2
const BYTES_MAX = 4096
const LOOK_MS = 20

type Receive = (fd: number, buffer: Uint8Array, bytes: number, flags: number) => number

/** Takes datagrams at a Unix socket, as a service manager does. Node has none. */
export class DatagramSocket implements Disposable {
  readonly #fd: number
  readonly #receive: Receive

  /** @param name a path, or the abstract name behind an `@`. */
  constructor(name: string) {
    const library = koffi().load(null)
    const bind = library.func('int bind(int, void *, uint)') as (
      fd: number,
      address: Uint8Array,
      bytes: number,
    ) => number
    this.#receive = library.func('int64 recv(int, void *, uint64, int)') as Receive
    this.#fd = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
    check(this.#fd, 'socket')
    const family = Buffer.alloc(2)
    family.writeUInt16LE(AF_UNIX)
    const address = Buffer.concat([family, Buffer.from(name.startsWith('@') ? `\0${name.slice(1)}` : `${name}\0`)])
    check(bind(this.#fd, address, address.byteLength), 'bind')
  }

  /** Returns the next datagram that has come; `undefined`: none has. */
  next(): string | undefined {
    const buffer = Buffer.alloc(BYTES_MAX)
    const length = this.#receive(this.#fd, buffer, BYTES_MAX, MSG_DONTWAIT)
    if (length < 0 && errnoName(errno()) === 'EAGAIN') return undefined
    return buffer.toString('utf8', 0, check(length, 'recv'))
  }

  /** Waits for the next datagram. */
  async take(): Promise<string> {
    for (;;) {
      const datagram = this.next()
      if (datagram !== undefined) return datagram
      await sleep(LOOK_MS)
    }
  }

  [Symbol.dispose](): void {
    libc().close(this.#fd)
  }
}
