import { type ByteString } from '../../base/byte-string.ts'
import type { OverwriteMode, SelectedPath } from '../restore-types.ts'
import type { Wanted } from './restore-filter.ts'

export interface PathSelectionOptions {
  /** What is restored: the absolute path that all others lie below. */
  readonly path: ByteString
  readonly selections: readonly SelectedPath[]
  readonly without: readonly ByteString[]
}

/**
 * Decides what of a point is restored where paths of it were selected one by one; asked with paths relative to what is
 * restored, `''` for that itself.
 *
 * A selected directory is wanted with all below it. Of a path that is selected, or left out, inside of another one, the
 * inner word counts; of one path that is both, that it stays out.
 */
export class PathSelection {
  readonly #modes = new Map<string, OverwriteMode>()
  readonly #without: ReadonlySet<string>
  /** Directories that selections lie in. */
  readonly #above = new Set<string>()

  constructor({ path, selections, without }: PathSelectionOptions) {
    const relative = (each: ByteString): string => relativePath(path, each)
    this.#without = new Set(without.map(relative))
    for (const { path: selected, overwrite } of selections) {
      const own = relative(selected)
      if (this.#without.has(own)) continue
      this.#modes.set(own, overwrite)
      for (let above = parentOf(own); above !== undefined; above = parentOf(above)) this.#above.add(above)
    }
  }

  /** What is said of the path itself, whatever it lies in. */
  modeOf(path: string): OverwriteMode | undefined {
    return this.#modes.get(path)
  }

  /** @param parentWanted what was said of the directory that it lies in. */
  wants(path: string, parentWanted: Wanted): Wanted {
    if (this.#modes.has(path)) return 'yes'
    if (parentWanted === 'yes' && !this.#without.has(path)) return 'yes'
    return this.#above.has(path) ? 'below' : 'no'
  }

  /** Tells whether a path was left out by name, so that it is not deleted either. */
  protects(path: string): boolean {
    return this.#without.has(path)
  }
}

/** Returns the deepest directory that all selected paths lie in. */
export function commonFolder(paths: readonly ByteString[]): ByteString {
  const [first = [], ...others] = paths.map((path) => namesOf(path).slice(0, -1))
  let length = first.length
  for (const names of others) {
    let same = 0
    while (same < length && names[same] === first[same]) same++
    length = same
  }
  return `/${first.slice(0, length).join('/')}` as ByteString
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}

function relativePath(from: ByteString, path: ByteString): string {
  return namesOf(path).slice(namesOf(from).length).join('/')
}

function parentOf(path: string): string | undefined {
  if (path === '') return undefined
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}
