import { lstatSync, renameSync } from 'node:fs'
import { link } from 'node:fs/promises'

import { errnoOf } from '../../src/base/errors.ts'
import { removeTemporaryFile } from './temporary-file.ts'

/** Gives the file at `existing` a second name `path`, unless that is taken (EEXIST): `link(2)`. */
export type LinkFile = (existing: string, path: string) => Promise<void>

export const systemLink: LinkFile = link

const NO_HARD_LINKS = ['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS']

/** Gives whole, durable files the name of an object, never over another one. */
export class Publisher {
  readonly #link: LinkFile
  #hardLinks: boolean

  /** `hardLinks`: what is known beforehand; a file system that refuses the first one is not asked again. */
  constructor(options: { readonly link: LinkFile; readonly hardLinks: boolean }) {
    this.#link = options.link
    this.#hardLinks = options.hardLinks
  }

  /** Whether a name is refused by the file system itself when another process has just taken it. */
  get exclusive(): boolean {
    return this.#hardLinks
  }

  /**
   * Moves the file at `temporary` to `path`. Returns whether it did: not when the name is taken, and then the
   * temporary file is left to the caller.
   */
  async publish(temporary: string, path: string): Promise<boolean> {
    if (this.#hardLinks) {
      try {
        await this.#link(temporary, path)
        await removeTemporaryFile(temporary)
        return true
      } catch (error) {
        const errno = errnoOf(error) ?? ''
        if (errno === 'EEXIST') return false
        if (!NO_HARD_LINKS.includes(errno)) throw error
        this.#hardLinks = false
      }
    }
    // FAT and some network file systems. Nothing between looking and renaming lets another put of this process in;
    // another process may slip through, and then replaces an object by one of the same name, thus of the same bytes.
    // To reserve the name with an empty file first would be exclusive, but a crash would leave that under the name.
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return false
    renameSync(temporary, path)
    return true
  }
}
