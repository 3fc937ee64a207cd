import type { Clock } from '../../base/clock.ts'
import type { ByteString } from '../../base/byte-string.ts'
import type { BackupEvents } from '../backup-types.ts'

const INTERVAL_MS = 100

/** How far what is read has come on its way to the store. */
export interface StoringBytes {
  /** Durable. */
  readonly bytesStored: number
  /** Made and not durable yet. */
  readonly bytesWaiting: number
}

/** Counts what a backup found and did, and tells of it ten times a second at most. */
export class PassProgress {
  filesFound = 0
  filesDone = 0
  bytesFound = 0
  bytesDone = 0
  bytesRead = 0
  scanned = false
  readonly #events: BackupEvents
  readonly #clock: Clock
  readonly #storing: () => StoringBytes
  #lastMs = -Infinity
  #path = '' as ByteString

  constructor(events: BackupEvents, clock: Clock, storing: () => StoringBytes) {
    this.#events = events
    this.#clock = clock
    this.#storing = storing
  }

  /** Tells how far it is although nothing more was read: the store may take longer than the source. */
  tellAgain(): void {
    this.tell(this.#path)
  }

  tell(path: ByteString): void {
    this.#path = path
    const nowMs = this.#clock.monotonicMs()
    if (this.#events.progress === undefined || nowMs - this.#lastMs < INTERVAL_MS) return
    this.#lastMs = nowMs
    const { bytesStored, bytesWaiting } = this.#storing()
    const { filesFound, filesDone, bytesFound, bytesDone, scanned } = this
    this.#events.progress({
      filesFound,
      filesDone,
      bytesFound,
      bytesDone,
      scanned,
      bytesStored,
      bytesWaiting,
      storing: scanned && bytesDone >= bytesFound && bytesWaiting > 0,
      path,
    })
  }
}
