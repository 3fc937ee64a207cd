import { BLOB_ID_BYTES } from '../../base/ids.ts'

/** A growing list of 32-byte ids. */
export class IdList {
  bytes = new Uint8Array(BLOB_ID_BYTES * 1024)
  count = 0

  /** Makes room for one more id and returns where it starts; the caller fills it. */
  next(): number {
    const at = this.count * BLOB_ID_BYTES
    if (at === this.bytes.byteLength) {
      const bigger = new Uint8Array(at * 2)
      bigger.set(this.bytes)
      this.bytes = bigger
    }
    this.count++
    return at
  }

  /** Forgets all ids from `count` on. */
  truncate(count: number): void {
    this.count = count
  }

  /** Returns the ids from `first` on, freshly allocated. */
  slice(first = 0): Uint8Array {
    return this.bytes.slice(first * BLOB_ID_BYTES, this.count * BLOB_ID_BYTES)
  }
}
