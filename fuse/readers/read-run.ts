/** After so many files of a directory that were read one after the other, more are expected. */
const RUN_MIN = 3
/** Directories after a run whose first file is enough, until there is another run: what is sent ahead nobody asks for. */
const DIRECTORIES_MAX = 256

/** In which order the files of a directory are read: that of their names, or of their inode numbers, as `cp -r` does. */
export type ReadOrder = 'names' | 'numbers'

/** The files of a directory that will be wanted: those that come behind row `row` in `order`. */
export interface FilesWanted {
  readonly directory: number
  readonly row: number
  readonly order: ReadOrder
  /** Only if no file comes before that row: it alone says that somebody begins with the directory. */
  readonly onlyIfFirst: boolean
}

/** That a file was asked for: which of its directory, and by which thread of which process. */
export interface FileRead {
  readonly reader: number
  readonly directory: number
  readonly row: number
  readonly ino: number
}

/** Recognises that somebody reads the files of a directory one after the other, and then those of the next directory. */
export class ReadRun {
  #reader = -1
  #directory = 0
  #row = -1
  #ino = -1
  #byName = 0
  #byNumber = 0
  /** That of the last run, for so many more directories. */
  #order: ReadOrder = 'names'
  #directoriesLeft = 0

  /**
   * Takes note that the file in `row` of `directory` is read by thread `reader`, and returns what will be wanted next, if anything
   * says so. Several who read at a time have no run: what one was sent ahead another would be waiting for.
   */
  note({ reader, directory, row, ino }: FileRead): FilesWanted | undefined {
    if (reader !== this.#reader) this.#directoriesLeft = 0
    const isSame = directory === this.#directory && reader === this.#reader
    this.#reader = reader
    this.#byName = isSame && row > this.#row ? this.#byName + 1 : 1
    this.#byNumber = isSame && ino > this.#ino ? this.#byNumber + 1 : 1
    this.#directory = directory
    this.#row = row
    this.#ino = ino
    if (Math.max(this.#byName, this.#byNumber) >= RUN_MIN) {
      this.#order = this.#byName >= this.#byNumber ? 'names' : 'numbers'
      this.#directoriesLeft = DIRECTORIES_MAX
      return { directory, row, order: this.#order, onlyIfFirst: false }
    }
    if (isSame || this.#directoriesLeft === 0) return undefined
    this.#directoriesLeft--
    return { directory, row, order: this.#order, onlyIfFirst: true }
  }
}
