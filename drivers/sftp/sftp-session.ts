import type { Client } from 'ssh2'

import { SftpChannel } from './sftp-channel.ts'
import { connect } from './ssh-connection.ts'
import type { SshSecrets, SshServer } from './ssh-server.ts'

/** A server takes ten sessions a connection; a channel each for so many files under way is enough to fill a disk. */
const CHANNELS_MAX = 4

interface Connected {
  readonly client: Client
  readonly channels: Promise<SftpChannel>[]
}

/**
 * A connection to a server that is made when it is first needed, and again after it broke.
 *
 * The server works on one call of a channel at a time: a long one, such as making a pack durable, must not hold up
 * the others. So up to four channels are opened, each when the ones before are busy.
 */
export class SftpSession implements AsyncDisposable {
  readonly #server: SshServer
  readonly #secrets: SshSecrets
  #connected: Promise<Connected> | undefined

  constructor(server: SshServer, secrets: SshSecrets) {
    this.#server = server
    this.#secrets = secrets
  }

  /** The channel with the fewest calls under way. @throws {StorageError} as `connect` */
  async channel(): Promise<SftpChannel> {
    const connected = await this.#connect()
    const open = await Promise.all(connected.channels)
    const idlest = open.reduce((best, other) => (other.calls < best.calls ? other : best))
    if (idlest.calls === 0 || connected.channels.length >= CHANNELS_MAX) return idlest
    const opening = SftpChannel.open(connected.client)
    connected.channels.push(opening)
    return opening
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
    return { client, channels: [SftpChannel.open(client)] }
  }
}
