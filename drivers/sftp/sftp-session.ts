import { SftpChannel } from './sftp-channel.ts'
import { SftpFailure } from './sftp-errors.ts'
import { connect, type SshConnection } from './ssh-connection.ts'
import type { SshSecrets, SshServer } from './ssh-server.ts'

/** A server takes ten sessions a connection; a channel each for so many files under way is enough to fill a disk. */
const CHANNELS_MAX = 4
/** Who moves more than this wants a channel that does not move much else. */
const LARGE_BYTES = 256 << 10
/** What a channel takes twice over in a round trip of 40 ms: a server's window is two megabytes. Beyond, another is waited for. */
const BUSY_BYTES = 4 << 20

/** A channel and what it is used for. */
interface Lane {
  readonly channel: SftpChannel
  /** What its users said that they move. */
  bytes: number
}

interface Connected {
  readonly connection: SshConnection
  /** The first channel, where it is used before its opening is answered. */
  readonly hasty: SftpChannel | undefined
  /** Those whose channels have not ended. */
  readonly lanes: Lane[]
  /** Those that are being opened; a server that allows fewer sessions opens none. */
  opening: readonly Promise<unknown>[] | undefined
  /** Ends it; the next call makes another. */
  readonly end: () => void
}

/**
 * A connection to a server that is made when it is first needed, and again after it broke.
 *
 * The server works on one call of a channel at a time, and takes two megabytes on each before it has answered: a long call, such as
 * making a pack durable, must not hold up the others, nor must a far server have one channel alone. So four are opened as
 * soon as somebody moves much. That takes several round trips, which are waited for only when those that there are have
 * enough to do.
 */
export class SftpSession implements AsyncDisposable {
  readonly #server: SshServer
  readonly #secrets: SshSecrets
  #connected: Promise<Connected> | undefined
  #isHasty = true
  #isDisposed = false

  constructor(server: SshServer, secrets: SshSecrets) {
    this.#server = server
    this.#secrets = secrets
  }

  /** Makes the connection, where there is none. @throws {StorageError} as `connect` */
  async connect(): Promise<void> {
    await this.#connect()
  }

  /** Calls `act` with the channel that has least to do; it moves about so many bytes. @throws {StorageError} as `connect` */
  async use<T>(bytes: number, act: (channel: SftpChannel) => Promise<T>): Promise<T> {
    const connected = await this.#connect()
    const lane = await takeLane(connected, bytes)
    try {
      return await useLane(lane, bytes, act)
    } catch (error) {
      if (this.#isDisposed || !isGuessWrong(connected, lane, error)) throw error
    }
    this.#endHaste(connected.end)
    return useLane(await takeLane(await this.#connect(), bytes), bytes, act)
  }

  /** Calls `act` with all channels, over which it moves about so many bytes. @throws {StorageError} as `connect` */
  async useAll<T>(bytes: number, act: (channels: readonly SftpChannel[]) => Promise<T>): Promise<T> {
    const connected = await this.#connect()
    await Promise.all((connected.opening ??= openMore(connected)))
    const lanes = [...connected.lanes]
    if (lanes.length === 0) throw closed()
    // Whole numbers: what is added must be taken away again to the last bit.
    const share = Math.floor(bytes / lanes.length)
    for (const lane of lanes) lane.bytes += share
    try {
      return await act(lanes.map(({ channel }) => channel))
    } finally {
      for (const lane of lanes) lane.bytes -= share
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    const connected = await this.#connected?.catch(() => undefined)
    this.#connected = undefined
    await connected?.connection.close()
  }

  async #connect(): Promise<Connected> {
    if (this.#isDisposed) throw closed()
    if (this.#connected !== undefined) return this.#connected
    const forget = (): void => {
      if (this.#connected === connecting) this.#connected = undefined
    }
    const connecting = this.#open(forget)
    this.#connected = connecting
    connecting.catch(forget)
    return connecting
  }

  async #open(forget: () => void): Promise<Connected> {
    const connection = await connect(this.#server, this.#secrets)
    const { client, isOpenSsh } = connection
    client.once('close', forget)
    const end = (): void => {
      forget()
      client.destroy()
    }
    try {
      const hasty = this.#isHasty && isOpenSsh ? SftpChannel.openFirst(client, () => this.#endHaste(end)) : undefined
      const connected: Connected = { connection, hasty, lanes: [], opening: undefined, end }
      addLane(connected, hasty ?? (await SftpChannel.open(client, isOpenSsh)))
      return connected
    } catch (error) {
      client.destroy()
      throw error
    }
  }

  /** From now on connections are made step by step: this is not the server that it says it is, or one that opens no channel. */
  #endHaste(end: () => void): void {
    this.#isHasty = false
    end()
  }
}

/** Whether the server did not open the channel that was taken for open. */
function isGuessWrong({ hasty }: Connected, lane: Lane, error: unknown): boolean {
  return lane.channel === hasty && !lane.channel.isOpen && error instanceof SftpFailure
}

async function takeLane(connected: Connected, bytes: number): Promise<Lane> {
  if (bytes > LARGE_BYTES) connected.opening ??= openMore(connected)
  let lane = idlest(connected.lanes)
  for (const opened of connected.opening ?? []) {
    if (bytes <= LARGE_BYTES || lane.bytes < BUSY_BYTES) break
    await opened
    lane = idlest(connected.lanes)
  }
  // At once: whoever waited for the same channel chooses next.
  lane.bytes += bytes
  return lane
}

async function useLane<T>(lane: Lane, bytes: number, act: (channel: SftpChannel) => Promise<T>): Promise<T> {
  try {
    return await act(lane.channel)
  } finally {
    lane.bytes -= bytes
  }
}

function idlest(lanes: readonly Lane[]): Lane {
  const [first, ...others] = lanes
  if (first === undefined) throw closed()
  return others.reduce((best, other) => {
    const difference = other.bytes - best.bytes || other.channel.calls - best.channel.calls
    return difference < 0 ? other : best
  }, first)
}

/** None of them rejects: where a server allows fewer sessions, those that there are have to do. */
function openMore(connected: Connected): Promise<unknown>[] {
  const { client, isOpenSsh } = connected.connection
  return Array.from({ length: CHANNELS_MAX - 1 }, () =>
    SftpChannel.open(client, isOpenSsh).then(
      (channel) => addLane(connected, channel),
      () => undefined,
    ),
  )
}

/** Has a channel used until it ends: it would be the idlest then. A connection whose last one has ended is of no use. */
function addLane({ lanes, end }: Connected, channel: SftpChannel): void {
  const lane = { channel, bytes: 0 }
  lanes.push(lane)
  channel.onEnd(() => {
    lanes.splice(lanes.indexOf(lane), 1)
    if (lanes.length === 0) end()
  })
}

function closed(): SftpFailure {
  return new SftpFailure(new Error('the connection was closed'))
}
