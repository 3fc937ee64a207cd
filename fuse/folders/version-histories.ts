import type { ByteString } from '../../src/base/byte-string.ts'
import { freeName, withSuffix } from '../../src/base/file-name.ts'
import { PromiseCache } from '../../src/base/promise-cache.ts'
import type { PointSet, PointSource } from './mounted-points.ts'
import { type Held, historiesIn, type PathHistory } from './path-history.ts'

/** States of names that are kept for who looks again, about half a kilobyte each; a directory of more is not. */
const STATES_KEPT_MAX = 1 << 18
/** Stands behind the name of a file's folder where the path was a folder too. */
const FILE_SUFFIX = '@file'
const KEPT = {
  weightMax: STATES_KEPT_MAX,
  weigh: ({ histories }: HeldNames) =>
    [...histories.values()].reduce((sum, { directories, files }) => sum + directories.length + files.length, 0),
}
const NOTHING: PathHistory = { directories: [], files: [] }

/** A path in all points of a chain. */
export interface ChainPath {
  readonly chain: string
  /** Absolute. */
  readonly path: ByteString
}

/** A name that a folder of versions shows, and what it stands for. */
export interface ShownName {
  readonly kind: 'folder' | 'file'
  /** What it is called where it lies. */
  readonly held: ByteString
}

/** Everything that a path held in some point, while it was a directory. */
export interface HeldNames {
  readonly histories: ReadonlyMap<ByteString, PathHistory>
  /** By the name that is shown. */
  readonly shown: ReadonlyMap<ByteString, ShownName>
}

/**
 * Finds out what paths were in the points that are there.
 *
 * All names of a directory are found out at once and kept until points come or go: who looks at one looks at others.
 */
export class VersionHistories {
  readonly source: PointSource
  /** Of the points that were there last. */
  #known: KnownNames | undefined

  constructor(source: PointSource) {
    this.source = source
  }

  /** Returns what a path held; nothing where it never was a directory. */
  async namesIn(place: ChainPath): Promise<HeldNames> {
    const set = await this.source.current()
    if (this.#known?.set !== set) this.#known = { set, names: new PromiseCache(KEPT) }
    return namesIn(this.#known, place)
  }

  /** Returns what `name` was in the directory at a path. */
  async of(directory: ChainPath, name: ByteString): Promise<PathHistory> {
    return (await this.namesIn(directory)).histories.get(name) ?? NOTHING
  }
}

interface KnownNames {
  readonly set: PointSet
  readonly names: PromiseCache<HeldNames>
}

function namesIn(known: KnownNames, { chain, path }: ChainPath): Promise<HeldNames> {
  const key = `${chain} ${path}`
  return known.names.get(key) ?? known.names.keep(key, findNames(known, { chain, path }))
}

async function findNames(known: KnownNames, place: ChainPath): Promise<HeldNames> {
  const histories = await historiesIn(await directoriesAt(known, place))
  return { histories, shown: showNames(histories) }
}

/** Returns the states of a directory, the oldest first. */
async function directoriesAt(known: KnownNames, { chain, path }: ChainPath): Promise<readonly Held[]> {
  if (path === '/') {
    const ofChain = known.set.points.filter((point) => point.chain === chain)
    return ofChain.map((point) => ({ point, entry: point.view.root }))
  }
  const slash = path.lastIndexOf('/')
  const parent = (path.slice(0, slash) || '/') as ByteString
  const { histories } = await namesIn(known, { chain, path: parent })
  return histories.get(path.slice(slash + 1) as ByteString)?.directories ?? []
}

/** Names what is shown: where a path was a folder and a file, the folder has the name and the file another. */
function showNames(histories: ReadonlyMap<ByteString, PathHistory>): Map<ByteString, ShownName> {
  const shown = new Map<ByteString, ShownName>()
  const taken = new Set(histories.keys())
  for (const [held, { directories, files }] of histories) {
    if (directories.length > 0) shown.set(held, { kind: 'folder', held })
    if (files.length === 0) continue
    const name = directories.length > 0 ? freeName(withSuffix(held, FILE_SUFFIX), taken) : held
    taken.add(name)
    shown.set(name, { kind: 'file', held })
  }
  return shown
}
