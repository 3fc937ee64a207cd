import type { ByteString } from '../../base/byte-string.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import { decodeList } from '../../format/list-codec.ts'
import { decodeTree } from '../../format/tree-codec.ts'
import type { Content } from '../../format/tree.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import type { RunStore } from '../run/run-store.ts'
import { splitIds } from '../point-view-layout.ts'
import { isUnreadable } from './tree-builder.ts'

/** What a new point may not rely on in a directory of its parent. */
export interface StaleEntries {
  /** Names of files whose content is not to be relied on. */
  readonly names: ReadonlySet<ByteString>
  /** Whether the trees themselves are not: they must be stored again. */
  readonly trees: boolean
}

/**
 * Tells what of a directory a new point may not rely on, by the trees with these ids; `all` when nobody can read them.
 * What is marked can be read and be copied from, and still all of it has to be stored again.
 */
export async function staleEntries(store: RunStore, trees: Uint8Array): Promise<StaleEntries | 'all'> {
  const index = await store.index()
  const names = new Set<ByteString>()
  const ids = splitIds(trees)
  try {
    const blobs = await store.blobs()
    for (const bytes of await blobs.readAll(ids, 'tree')) {
      for (const entry of decodeTree(bytes).entries) {
        if (entry.kind === 'file' && !(await isContentSound(store, index, entry.content))) names.add(entry.name)
      }
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error
    for (const id of ids) index.doubt(id)
    return 'all'
  }
  return { names, trees: !ids.every((id) => index.isSound(id)) }
}

async function isContentSound(store: RunStore, index: RepositoryIndex, content: Content): Promise<boolean> {
  for (let at = 0; at < content.ids.byteLength; at += BLOB_ID_BYTES) if (!index.isSound(content.ids, at)) return false
  if (content.level === 0) return true
  const blobs = await store.blobs()
  for (const list of await blobs.readAll(splitIds(content.ids), 'list')) {
    if (!(await isContentSound(store, index, { level: content.level - 1, ids: decodeList(list) }))) return false
  }
  return true
}
