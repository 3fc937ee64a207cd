import { INDEX_BYTES_MAX } from '../../base/limits.ts'

/** What one server takes from its clients. */
export interface DuneSeaLimits {
  /** Of an object of a repository. */
  readonly objectBytesMax: number
  /** Of a blob stored by its SHA-256. */
  readonly blobBytesMax: number
  /** Requests of one domain at once. */
  readonly requestsMax: number
  /** Connections in all. */
  readonly connectionsMax: number
  /** Of a client that it is up to: to send, or to take what is sent. */
  readonly silenceMs: number
  /** From the first byte of a request to its last. */
  readonly requestMs: number
  /** How long requests under way may take once the server is to stop. */
  readonly stopMs: number
}

export const DUNESEA_LIMITS: DuneSeaLimits = {
  objectBytesMax: INDEX_BYTES_MAX,
  blobBytesMax: 16 * 2 ** 30,
  requestsMax: 64,
  connectionsMax: 4096,
  silenceMs: 60_000,
  requestMs: 6 * 3600_000,
  stopMs: 20_000,
}

/** Objects in one page of a listing. */
export const PAGE_OBJECTS_MAX = 10_000
/** Of the JSON of a backup's metadata. */
export const METADATA_BYTES_MAX = 8 << 20
/** Objects that one backup may name. */
export const NEEDED_OBJECTS_MAX = 100_000
/** How much of an object is read from the store at once. */
export const PIECE_BYTES = 1 << 20
