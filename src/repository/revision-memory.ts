import type { RevisionMemory } from './config-store.ts'
import type { LocalCache } from './local-cache.ts'

const NAME = 'revision'

/** Remembers the highest config revision of a repository in its local cache. */
export function revisionMemoryIn(cache: LocalCache): RevisionMemory {
  return {
    read: () => {
      const bytes = cache.read(NAME)
      if (bytes?.byteLength !== 4) return undefined
      return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
    },
    write: (revision) => {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setUint32(0, revision, true)
      cache.write(NAME, [bytes])
    },
  }
}
