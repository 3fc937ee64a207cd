import type { ByteString } from '../../base/byte-string.ts'
import { decodeTree } from '../../format/tree-codec.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { BlobReader } from '../../repository/blob-reader.ts'
import { splitIds } from '../point-view-layout.ts'

/** Returns the entry at an absolute path below a root directory with these trees, or `undefined`. */
export async function entryAt(blobs: BlobReader, root: Uint8Array, path: ByteString): Promise<TreeEntry | undefined> {
  let trees = root
  let found: TreeEntry | undefined
  for (const name of path.split('/').slice(1)) {
    const blobsOfDirectory = await blobs.readAll(splitIds(trees), 'tree')
    found = blobsOfDirectory.flatMap((tree) => decodeTree(tree).entries).find((entry) => entry.name === name)
    if (found === undefined) return undefined
    trees = found.kind === 'dir' ? found.trees : new Uint8Array(0)
  }
  return found
}
