import type { Client } from 'ssh2'

import { SftpChannel } from './sftp-channel.ts'
import { connect } from './ssh-connection.ts'
import type { SshSecrets, SshServer } from './ssh-server.ts'

/** A server takes ten sessions a connection; a channel each for so many files under way is enough to fill a disk. */
const CHANNELS_MAX = 4

interface Connected {
  readonly client: Client
  /** At least one. */
  readonly channels: SftpChannel[]
  /** How many more are being opened. */
  opening: number
}

/**
 * A connection to a server that is made when it is first needed, and again after it broke.
 *
 * The server works on one call of a channel at a time: a long one, such as making a pack durable, must not hold up
 * the others. So up to four channels are opened, each when the ones before are busy with long ones. Nobody waits for
 * that: it takes several round trips.
 */
export class SftpSession implements AsyncDisposable {
  readonly #server: SshServer
  readonly #secrets: SshSecrets
  #connected: Promise<Connected> | undefined

  constructor(server: SshServer, secrets: SshSecrets) {
    this.#server = server
    this.#secrets = secrets
  }

  /** The channel with the fewest calls under way, for `short` calls or `long` ones. @throws {StorageError} as `connect` */
  async channel(use: 'short' | 'long'): Promise<SftpChannel> {
    const connected = await this.#connect()
    const { channels } = connected
    const idlest = channels.reduce((best, other) => (other.calls < best.calls ? other : best))
    if (use === 'long' && idlest.calls > 0 && channels.length + connected.opening < CHANNELS_MAX) addChannel(connected)
    return idlest
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connected = await this.#connected?.catch(() => undefined)
    this.#connected = undefined
    if (connected === undefined) return
    const closed = new Promise<void>((resolve) => connected.client.once('close', () => resolve()))
    connected.client.end()
    await closed
  }

  async #connect(): Promise<Connected> {
    if (this.#connected !== undefined) return this.#connected
    const connecting = this.#open()
    this.#connected = connecting
    const forget = (): void => {
      if (this.#connected === connecting) this.#connected = undefined
    }
    connecting.then(({ client }) => client.once('close', forget), forget)
    return connecting
  }

  async #open(): Promise<Connected> {
    const client = await connect(this.#server, this.#secrets)
    try {
      return { client, channels: [await SftpChannel.open(client)], opening: 0 }
    } catch (error) {
      client.destroy()
      throw error
    }
  }
}

function addChannel(connected: Connected): void {
  connected.opening++
  SftpChannel.open(connected.client).then(
    (channel) => {
      connected.channels.push(channel)
      connected.opening--
    },
    // A server that allows fewer sessions is not asked again: those that there are have to do.
    () => undefined,
  )
}
