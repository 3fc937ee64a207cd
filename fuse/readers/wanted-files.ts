import type { FilesWanted } from './read-run.ts'

const STATE = 0
const DIRECTORY = 1
const ROW = 2
const ORDER = 3
const ONLY_IF_FIRST = 4
const WORDS = 5

const NOTHING = 0
const WANTED = 1
const AT_WORK = 2

const BY_NAME = 0
const BY_NUMBER = 1

/** What the first reader asks another to put into the kernel's pages: one thing at a time, in shared memory. */
export class WantedFiles {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array

  /** Sees what `create` made, on any thread. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  static create(): WantedFiles {
    return new WantedFiles(new SharedArrayBuffer(WORDS * 4))
  }

  /** Asks for files, in the place of others that nobody has begun with; tells whether somebody is to be woken for it. */
  ask({ directory, row, order, onlyIfFirst }: FilesWanted): boolean {
    // Whoever takes it meanwhile takes one or the other: both are about files that are there.
    if (Atomics.load(this.#words, STATE) === AT_WORK) return false
    Atomics.store(this.#words, DIRECTORY, directory)
    Atomics.store(this.#words, ROW, row)
    Atomics.store(this.#words, ORDER, order === 'names' ? BY_NAME : BY_NUMBER)
    Atomics.store(this.#words, ONLY_IF_FIRST, onlyIfFirst ? 1 : 0)
    return Atomics.compareExchange(this.#words, STATE, NOTHING, WANTED) !== AT_WORK
  }

  /** Returns what is asked for, if anything is; until `done` nothing else is taken. */
  take(): FilesWanted | undefined {
    if (Atomics.compareExchange(this.#words, STATE, WANTED, AT_WORK) !== WANTED) return undefined
    const directory = Atomics.load(this.#words, DIRECTORY)
    const row = Atomics.load(this.#words, ROW)
    const order = Atomics.load(this.#words, ORDER) === BY_NAME ? 'names' : 'numbers'
    return { directory, row, order, onlyIfFirst: Atomics.load(this.#words, ONLY_IF_FIRST) === 1 }
  }

  done(): void {
    Atomics.store(this.#words, STATE, NOTHING)
  }
}
