import type { Client, SFTPWrapper } from 'ssh2'

import { insideOf, type Protocol } from './inside-ssh2.ts'
import { SftpFailure } from './sftp-errors.ts'

/** What either side calls the first channel of a connection. */
const FIRST_CHANNEL = 0
/** How much is sent before the server has said how much it takes, which is two megabytes. */
const AHEAD_BYTES = 64 << 10
/** What every server takes in one packet (RFC 4253, 6.1). */
const PACKET_BYTES = 32 << 10

/** A channel for SFTP. */
export interface OpenedChannel {
  readonly sftp: SFTPWrapper
  /** Resolves once the server has told what it can do; rejects with an `SftpFailure` when it opens no such channel. */
  readonly ready: Promise<unknown>
}

/** Opens a channel. @throws {SftpFailure} */
export async function openChannel(client: Client): Promise<OpenedChannel> {
  const ready = opened(client)
  return { sftp: await ready, ready }
}

/**
 * Opens the first channel of a connection to an OpenSSH server for calls that are made at once. The server does in order what it is
 * asked for, which is a channel, SFTP on it, and the calls; `ssh2` waits for the answer to each. Once the server answers
 * otherwise, the connection cannot be used, and `wrong` is called.
 *
 * Returns `undefined` where `ssh2` is another version, or the connection has just broken.
 * @see docs/decisions/0146-openssh-is-not-waited-for.md
 */
export function openFirstChannel(client: Client, wrong: () => void): OpenedChannel | undefined {
  const inside = insideOf(client)
  if (inside === undefined) return undefined
  const { _protocol: protocol, _chanMgr: channels } = inside
  const { CHANNEL_OPEN_CONFIRMATION: confirm, CHANNEL_SUCCESS: succeed } = protocol._handlers
  const ready = opened(client)
  // Whoever waits for it gets the error; until then it must not end the process.
  ready.catch(() => undefined)
  // As if two answers had come: to the opening, after which SFTP is asked for, and to that.
  const answer = { recipient: FIRST_CHANNEL, sender: FIRST_CHANNEL, window: AHEAD_BYTES, packetSize: PACKET_BYTES }
  confirm(protocol, answer)
  succeed(protocol, FIRST_CHANNEL)
  readAnswers(protocol, wrong)
  const sftp = channels.get(FIRST_CHANNEL) as SFTPWrapper | undefined
  return sftp === undefined ? undefined : { sftp, ready }
}

async function opened(client: Client): Promise<SFTPWrapper> {
  try {
    return await new Promise((resolve, reject) => {
      client.sftp((error, sftp) => (error === undefined ? resolve(sftp) : reject(error)))
      // No answer comes once the connection is gone.
      client.once('close', () => reject(new Error('the connection was closed')))
    })
  } catch (error) {
    // Thrown, too, where the connection has just broken.
    throw error instanceof Error ? notOpened(error) : error
  }
}

/** The exit code of what the server ran is no status of the protocol. */
function notOpened(error: Error): SftpFailure {
  const hasEnded = 'code' in error && typeof error.code === 'number'
  return new SftpFailure(error, hasEnded ? 'failure' : undefined)
}

/** Takes the answers that do come, which `ssh2` waits for no more; any but those that were assumed are `wrong`. */
function readAnswers(protocol: Protocol, wrong: () => void): void {
  const { _handlers: handlers } = protocol
  const {
    CHANNEL_OPEN_CONFIRMATION: confirm,
    CHANNEL_OPEN_FAILURE: refuse,
    CHANNEL_SUCCESS: succeed,
    CHANNEL_FAILURE: fail,
    CHANNEL_WINDOW_ADJUST: widen,
  } = handlers
  let ahead = AHEAD_BYTES
  const widenFirst = (bytes: number): void => {
    const known = Math.min(ahead, bytes)
    ahead -= known
    widen(protocol, FIRST_CHANNEL, bytes - known)
  }
  handlers.CHANNEL_OPEN_CONFIRMATION = (_, answer) => {
    if (answer.recipient !== FIRST_CHANNEL) confirm(protocol, answer)
    else if (answer.sender !== FIRST_CHANNEL || answer.packetSize < PACKET_BYTES) wrong()
    else widenFirst(answer.window)
  }
  handlers.CHANNEL_OPEN_FAILURE = (_, channel, ...why) => {
    if (channel === FIRST_CHANNEL) wrong()
    else refuse(protocol, channel, ...why)
  }
  handlers.CHANNEL_SUCCESS = (_, channel) => {
    if (channel !== FIRST_CHANNEL) succeed(protocol, channel)
    // OpenSSH grants nothing with the channel, and all of it before it says that SFTP is there.
    else if (ahead > 0) wrong()
  }
  handlers.CHANNEL_FAILURE = (_, channel) => {
    if (channel === FIRST_CHANNEL) wrong()
    else fail(protocol, channel)
  }
  handlers.CHANNEL_WINDOW_ADJUST = (_, channel, bytes) => {
    if (channel === FIRST_CHANNEL) widenFirst(bytes)
    else widen(protocol, channel, bytes)
  }
}
