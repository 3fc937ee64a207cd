import type { ByteString } from '../../base/byte-string.ts'
import type { OverwriteMode, RestoreOptions } from '../restore-types.ts'
import { compilePatterns } from '../scan/exclude-filter.ts'
import { PathSelection } from './path-selection.ts'

/** `below`: a directory that is not wanted itself, but may hold what is. */
export type Wanted = 'yes' | 'no' | 'below'

/** Decides what of a point is restored; paths are relative to what the user named. */
export class RestoreFilter {
  readonly #included: ((path: ByteString, isDirectory: boolean) => boolean) | undefined
  readonly #excluded: (path: ByteString, isDirectory: boolean) => boolean
  /** Patterns that have matched nothing so far. */
  readonly #unused: Map<string, (path: ByteString, isDirectory: boolean) => boolean>
  readonly #selection: PathSelection | undefined
  /** Whether paths are asked about at all: if not, nobody needs to put one together for each entry. */
  readonly asksForPaths: boolean

  /** @throws {UsageError} BAD_PATTERN */
  constructor(options: Pick<RestoreOptions, 'path' | 'include' | 'exclude' | 'selections' | 'without'>) {
    const { include, exclude, path, selections, without = [] } = options
    this.#included = include.length === 0 ? undefined : compilePatterns(include)
    this.#excluded = compilePatterns(exclude)
    // Those that take something back match nothing by themselves.
    const own = [...include, ...exclude].filter((pattern) => !pattern.startsWith('!'))
    this.#unused = new Map(own.map((pattern) => [pattern, compilePatterns([pattern])]))
    this.#selection = selections && new PathSelection({ path, selections, without })
    this.asksForPaths = include.length > 0 || exclude.length > 0 || selections !== undefined
  }

  /** Whether paths were selected one by one: what they lie in is then left as it is, where it is there. */
  get hasSelections(): boolean {
    return this.#selection !== undefined
  }

  /** What is wanted of that which the user named itself. */
  get wantsRoot(): Wanted {
    if (this.#selection !== undefined) return this.#selection.wants('', 'below')
    return this.#included === undefined ? 'yes' : 'below'
  }

  /** Which existing files are overwritten at and below a path, where it says so itself. */
  modeOf(path: ByteString): OverwriteMode | undefined {
    return this.#selection?.modeOf(path)
  }

  /** @param parentWanted what was said of the directory that it lies in. */
  wants(path: ByteString, isDirectory: boolean, parentWanted: Wanted): Wanted {
    for (const [pattern, matches] of this.#unused) if (matches(path, isDirectory)) this.#unused.delete(pattern)
    if (this.#excluded(path, isDirectory)) return 'no'
    if (this.#selection !== undefined) {
      const wanted = this.#selection.wants(path, parentWanted)
      return wanted === 'below' && !isDirectory ? 'no' : wanted
    }
    if (parentWanted === 'yes' || this.#included === undefined || this.#included(path, isDirectory)) return 'yes'
    return isDirectory ? 'below' : 'no'
  }

  /** Patterns that matched nothing of what was looked at. */
  get unused(): readonly string[] {
    return [...this.#unused.keys()]
  }

  /** Tells whether an entry is kept from being deleted, by an exclude pattern or by name. */
  protects(path: ByteString, isDirectory: boolean): boolean {
    return this.#excluded(path, isDirectory) || this.#selection?.protects(path) === true
  }
}
