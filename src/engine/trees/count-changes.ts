import type { ByteString } from '../../base/byte-string.ts'
import { equalBytes } from '../../base/bytes.ts'
import { CborWriter } from '../../format/cbor-writer.ts'
import { decodeTree } from '../../format/tree-codec.ts'
import { encodeTreeEntry } from '../../format/tree-entry-codec.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { BlobReader } from '../../repository/blob-reader.ts'
import { splitIds } from '../point-view-layout.ts'
import { noCounts, type PartCounts } from '../run/table-counts.ts'

/** Trees of a root directory at three times; `undefined` where there was none. */
export interface TreeHistory {
  /** In the parent point: what counts as new or changed is so compared with this. */
  readonly origin: Uint8Array | undefined
  readonly before: Uint8Array | undefined
  readonly after: Uint8Array
}

type Times = readonly [origin: TreeEntry | undefined, before: TreeEntry | undefined, after: TreeEntry | undefined]

/**
 * Returns what must be added to the counts of `before` to make them those of `after`: numbers may be negative.
 *
 * Reads the directories that differ, and those that are there at one of the two times only.
 */
export async function countChanges(blobs: BlobReader, history: TreeHistory): Promise<PartCounts> {
  const { origin, before, after } = history
  const counter = new ChangeCounter(blobs)
  await counter.compare([origin, before, after])
  return counter.counts
}

class ChangeCounter {
  readonly counts = noCounts()
  readonly #blobs: BlobReader

  constructor(blobs: BlobReader) {
    this.#blobs = blobs
  }

  /** Compares directories, given by their trees. */
  async compare(
    trees: readonly [Uint8Array | undefined, Uint8Array | undefined, Uint8Array | undefined],
  ): Promise<void> {
    const [, before, after] = trees
    if (before === after || (before !== undefined && after !== undefined && equalBytes(before, after))) return
    const [origins, befores, afters] = await Promise.all(trees.map((ids) => this.#entries(ids)))
    for (const name of new Set([...(befores?.keys() ?? []), ...(afters?.keys() ?? [])])) {
      await this.#compareEntries([origins?.get(name), befores?.get(name), afters?.get(name)])
    }
  }

  async #compareEntries([origin, before, after]: Times): Promise<void> {
    this.#count(before, origin, -1)
    this.#count(after, origin, 1)
    await this.compare([treesOf(origin), treesOf(before), treesOf(after)])
  }

  /** Counts an entry in or out, by what its path held in the parent point. */
  #count(entry: TreeEntry | undefined, origin: TreeEntry | undefined, by: 1 | -1): void {
    const { counts } = this
    if (entry?.kind === 'file') {
      counts.files += by
      counts.bytes += by * entry.size
      if (origin?.kind !== 'file') counts.filesNew += by
      else if (isSame(origin, entry)) counts.filesUnchanged += by
      else counts.filesChanged += by
      return
    }
    if (entry?.kind === 'dir') counts.dirs += by
    else if (entry !== undefined) counts.others += by
    if (origin?.kind === 'file') counts.filesRemoved += by
  }

  async #entries(trees: Uint8Array | undefined): Promise<Map<ByteString, TreeEntry>> {
    if (trees === undefined) return new Map()
    const plain = await this.#blobs.readAll(splitIds(trees), 'tree')
    return new Map(plain.flatMap((tree) => decodeTree(tree).entries.map((entry) => [entry.name, entry] as const)))
  }
}

function treesOf(entry: TreeEntry | undefined): Uint8Array | undefined {
  return entry?.kind === 'dir' ? entry.trees : undefined
}

function isSame(a: TreeEntry, b: TreeEntry): boolean {
  return equalBytes(encoded(a), encoded(b))
}

function encoded(entry: TreeEntry): Uint8Array {
  const writer = new CborWriter()
  encodeTreeEntry(writer, entry)
  return writer.bytes()
}
