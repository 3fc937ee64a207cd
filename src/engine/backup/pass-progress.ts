import type { Clock } from '../../base/clock.ts'
import type { ByteString } from '../../base/byte-string.ts'
import type { BackupEvents } from '../backup-types.ts'

const INTERVAL_MS = 100

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
  readonly #bytesStored: () => number
  #lastMs = -Infinity

  constructor(events: BackupEvents, clock: Clock, bytesStored: () => number) {
    this.#events = events
    this.#clock = clock
    this.#bytesStored = bytesStored
  }

  tell(path: ByteString): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#events.progress === undefined || nowMs - this.#lastMs < INTERVAL_MS) return
    this.#lastMs = nowMs
    const { filesFound, filesDone, bytesFound, bytesDone, scanned } = this
    this.#events.progress({
      filesFound,
      filesDone,
      bytesFound,
      bytesDone,
      scanned,
      bytesStored: this.#bytesStored(),
      path,
    })
  }
}
