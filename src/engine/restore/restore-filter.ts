import type { ByteString } from '../../base/byte-string.ts'
import { compilePatterns } from '../scan/exclude-filter.ts'

/** `below`: a directory that is not wanted itself, but may hold what is. */
export type Wanted = 'yes' | 'no' | 'below'

/** Decides what of a point is restored; paths are relative to what the user named. */
export class RestoreFilter {
  readonly #included: ((path: ByteString, isDirectory: boolean) => boolean) | undefined
  readonly #excluded: (path: ByteString, isDirectory: boolean) => boolean
  /** Patterns that have matched nothing so far. */
  readonly #unused: Map<string, (path: ByteString, isDirectory: boolean) => boolean>
  /** Whether there is any pattern: without one nobody needs to put a path together for each entry. */
  readonly hasPatterns: boolean

  /** @throws {UsageError} BAD_PATTERN */
  constructor({ include, exclude }: { readonly include: readonly string[]; readonly exclude: readonly string[] }) {
    this.#included = include.length === 0 ? undefined : compilePatterns(include)
    this.#excluded = compilePatterns(exclude)
    // Those that take something back match nothing by themselves.
    const own = [...include, ...exclude].filter((pattern) => !pattern.startsWith('!'))
    this.#unused = new Map(own.map((pattern) => [pattern, compilePatterns([pattern])]))
    this.hasPatterns = include.length > 0 || exclude.length > 0
  }

  /** Whether all that is not excluded is wanted. */
  get wantsAll(): boolean {
    return this.#included === undefined
  }

  /** @param parentWanted what was said of the directory that it lies in. */
  wants(path: ByteString, isDirectory: boolean, parentWanted: Wanted): Wanted {
    for (const [pattern, matches] of this.#unused) if (matches(path, isDirectory)) this.#unused.delete(pattern)
    if (this.#excluded(path, isDirectory)) return 'no'
    if (parentWanted === 'yes' || this.#included === undefined || this.#included(path, isDirectory)) return 'yes'
    return isDirectory ? 'below' : 'no'
  }

  /** Patterns that matched nothing of what was looked at. */
  get unused(): readonly string[] {
    return [...this.#unused.keys()]
  }

  /** Tells whether an entry is kept from being deleted by an exclude pattern. */
  protects(path: ByteString, isDirectory: boolean): boolean {
    return this.#excluded(path, isDirectory)
  }
}
