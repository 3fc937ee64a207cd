const NEW = 0
const SAME = 1
const CHANGED = 2
const KIND = 3
/** It vanished: it is in the table but not in the point. */
const GONE = 4
/** A directory that is not entered: another file system. */
const CLOSED = 8
/** What was read of it is not all there is, so the next scan must look again. */
const DISTRUSTED = 16

/** How each row of a table compares with the base. */
export class RowStates {
  /** Whether every row is the same as in the base, and nothing was met that the next scan must look at again. */
  isAllSame = true
  #flags = new Uint8Array(1024)
  #base = new Int32Array(1024)

  setNew(row: number): void {
    this.#set(row, NEW, -1)
  }
  setSame(row: number, base: number): void {
    this.#set(row, SAME, base)
  }
  setChanged(row: number, base: number): void {
    this.#set(row, CHANGED, base)
  }
  setGone(row: number): void {
    this.isAllSame = false
    this.#flags[row] = this.flags(row) | GONE
  }
  close(row: number): void {
    this.#flags[row] = this.flags(row) | CLOSED
  }
  distrust(row: number): void {
    this.isAllSame = false
    this.#flags[row] = this.flags(row) | DISTRUSTED
  }
  /** Forgets that a row was the same: it must be read. */
  reconsider(row: number): void {
    if (!this.isSame(row)) return
    this.isAllSame = false
    this.#flags[row] = (this.flags(row) & ~KIND) | CHANGED
  }

  isNew(row: number): boolean {
    return (this.flags(row) & KIND) === NEW
  }
  isSame(row: number): boolean {
    return (this.flags(row) & KIND) === SAME
  }
  isGone(row: number): boolean {
    return (this.flags(row) & GONE) !== 0
  }
  isClosed(row: number): boolean {
    return (this.flags(row) & CLOSED) !== 0
  }
  isDistrusted(row: number): boolean {
    return (this.flags(row) & DISTRUSTED) !== 0
  }
  /** The row of the base for the same path, or -1. */
  base(row: number): number {
    return this.#base[row] ?? -1
  }

  /** What is known of a row, as bits. */
  private flags(row: number): number {
    return this.#flags[row] ?? 0
  }

  #set(row: number, flags: number, base: number): void {
    if (flags !== SAME) this.isAllSame = false
    if (row >= this.#flags.length) {
      const length = Math.max(row + 1, this.#flags.length * 2)
      const [oldFlags, oldBase] = [this.#flags, this.#base]
      this.#flags = new Uint8Array(length)
      this.#base = new Int32Array(length)
      this.#flags.set(oldFlags)
      this.#base.set(oldBase)
    }
    this.#flags[row] = flags
    this.#base[row] = base
  }
}
