import { connect } from 'node:net'

import { toHex } from '../../base/bytes.ts'
import { BOX_SEAL_BYTES, BoxRecipient } from '../../crypto/sealed-box.ts'
import { decodeHeldKey, HELD_KEY_BYTES_MAX, type HeldKey, notHeld } from '../keys/held-key.ts'
import { isOwnSocket } from './socket-file.ts'

/** A daemon that works answers within a few; one that hangs keeps nobody from being asked for a password. */
const ANSWER_MS_MAX = 2000
const HEAD_BYTES_MAX = 4096
const END_OF_HEAD = '\r\n\r\n'

/** The one request that every command makes before it asks for a password. */
export interface KeyQuestion {
  readonly socketPath: string
  /** Of the user whose daemon is asked. */
  readonly uid: number
  /** An absolute path or a URL. */
  readonly location: string
}

/**
 * Returns what an unlocked daemon opens the repository at `location` with, the caller's to wipe. `undefined`: no daemon
 * runs, the repository is locked, or whatever else keeps the daemon from saying so.
 *
 * Speaks HTTP/1.0 by itself: what Node's client, and a look at the peer's credentials, need loaded would take longer than
 * all the rest. That the socket is the user's own follows from its folder; a wrong answer opens nothing. The answer is
 * sealed to this question alone.
 * @throws {DaemonError} DAEMON_FAILED: the socket is another user's. @throws {KeyError} WRONG_KEY: the answer is no key.
 */
export async function askDaemonForKey({ socketPath, uid, location }: KeyQuestion): Promise<HeldKey | undefined> {
  if (!isOwnSocket(socketPath, uid)) return undefined
  using recipient = new BoxRecipient()
  const query = `location=${encodeURIComponent(location)}&recipient=${toHex(recipient.publicKey)}`
  const answer = await exchange(socketPath, `GET /v1/key?${query} HTTP/1.0\r\n\r\n`)
  const end = answer.indexOf(END_OF_HEAD)
  if (end < 0 || !/^HTTP\/1\.[01] 200 /.test(answer.toString('latin1', 0, 13))) return undefined
  using encoded = recipient.open(answer.subarray(end + END_OF_HEAD.length))
  if (encoded === undefined) throw notHeld()
  return encoded.use(decodeHeldKey)
}

/** Sends a request, and returns all that comes until the other side closes; nothing when it does not go as it should. */
async function exchange(path: string, request: string): Promise<Buffer> {
  const answer = Buffer.alloc(HEAD_BYTES_MAX + HELD_KEY_BYTES_MAX + BOX_SEAL_BYTES)
  return new Promise((resolve) => {
    let filled = 0
    const socket = connect(path)
    const end = (length: number): void => {
      socket.destroy()
      resolve(answer.subarray(0, length))
    }
    socket.setTimeout(ANSWER_MS_MAX, () => end(0))
    socket.once('error', () => end(0))
    socket.once('connect', () => socket.write(request))
    socket.on('data', (part) => {
      if (filled + part.byteLength > answer.byteLength) return end(0)
      answer.set(part, filled)
      filled += part.byteLength
    })
    socket.once('end', () => end(filled))
  })
}
