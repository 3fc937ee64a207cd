import type { Client } from 'ssh2'

/** Is called for each message of a kind that came. */
type Handler<Given extends readonly unknown[]> = (protocol: Protocol, ...given: Given) => void

interface Handlers {
  SERVICE_ACCEPT: Handler<[service: string]>
  EXT_INFO: Handler<[extensions: unknown]>
  USERAUTH_PK_OK: Handler<[]>
  CHANNEL_OPEN_CONFIRMATION: Handler<[confirmation: Confirmation]>
  CHANNEL_OPEN_FAILURE: Handler<[channel: number, ...why: unknown[]]>
  CHANNEL_SUCCESS: Handler<[channel: number]>
  CHANNEL_FAILURE: Handler<[channel: number]>
  CHANNEL_WINDOW_ADJUST: Handler<[channel: number, bytes: number]>
}

interface Confirmation {
  /** Its number here. */
  readonly recipient: number
  /** Its number there. */
  readonly sender: number
  /** How many bytes the server takes before it says that it takes more. */
  readonly window: number
  readonly packetSize: number
}

/** Sends messages, and has what is called for those that come. */
export interface Protocol {
  readonly _handlers: Handlers
  /** Asks whether a key would do; with `sign`, shows it. */
  authPK(user: string, key: { isPrivateKey?(): boolean }, algorithm: string | undefined, sign?: unknown): void
}

/** What a client of `ssh2` has inside, and does not document. */
export interface Inside {
  readonly _protocol: Protocol
  /** Channels by their numbers here. */
  readonly _chanMgr: { get(channel: number): unknown }
}

const MESSAGES: readonly (keyof Handlers)[] = [
  'SERVICE_ACCEPT',
  'EXT_INFO',
  'USERAUTH_PK_OK',
  'CHANNEL_OPEN_CONFIRMATION',
  'CHANNEL_OPEN_FAILURE',
  'CHANNEL_SUCCESS',
  'CHANNEL_FAILURE',
  'CHANNEL_WINDOW_ADJUST',
]

/** Returns what is inside a client that was told to connect, or `undefined` where another version of `ssh2` has it otherwise. */
export function insideOf(client: Client): Inside | undefined {
  const { _protocol: protocol, _chanMgr: channels } = client as unknown as Partial<Inside>
  const { _handlers: handlers, authPK } = (protocol ?? {}) as Partial<Protocol>
  const isKnown =
    typeof authPK === 'function' &&
    typeof channels?.get === 'function' &&
    MESSAGES.every((message) => typeof handlers?.[message] === 'function')
  return isKnown ? (client as unknown as Inside) : undefined
}
