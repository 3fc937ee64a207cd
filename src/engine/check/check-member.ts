import { assert } from '../../base/assert.ts'
import { errnoOf } from '../../base/errors.ts'
import { ObjectHasher } from '../../crypto/blake3.ts'
import { blockMemory } from '../../base/posix/direct-io.ts'
import { StoredFile } from '../../storage/stored-file.ts'
import type { TeamMember } from '../workers/team-protocol.ts'
import type { CheckJob, HashJob, HashResult, PackCheckSetup } from './check-jobs.ts'
import { PackChecker } from './pack-checker.ts'

const PIECE_BYTES = 1 << 20

/** Makes one thread's part of a check: jobs are `CheckJob`s. Without a setup it can do without any key, and only hashes. */
export function createCheckMember(setup: unknown): TeamMember {
  const packs = setup === undefined ? undefined : new PackChecker(setup as PackCheckSetup)
  const objects = new FileHasher()
  return {
    handle: (given) => {
      const job = given as CheckJob
      if (job.type === 'hash') return { result: objects.check(job) }
      assert(packs !== undefined, 'packs are checked with keys')
      return { result: packs.check(job) }
    },
    close: () => packs?.[Symbol.dispose](),
  }
}

class FileHasher {
  readonly #hasher = new ObjectHasher()
  readonly #piece = blockMemory(PIECE_BYTES)

  check({ id, file }: HashJob): HashResult {
    let bytes = 0
    try {
      using stored = new StoredFile(file)
      for (;;) {
        const count = stored.read(this.#piece, bytes)
        if (count === 0) break
        this.#hasher.update(this.#piece.subarray(0, count))
        bytes += count
      }
    } catch (error) {
      this.#hasher.finish()
      const errno = errnoOf(error)
      if (errno === undefined) throw error
      return { outcome: errno === 'ENOENT' ? 'missing' : 'unreadable', bytes }
    }
    return { outcome: this.#hasher.finish() === id ? 'sound' : 'differs', bytes }
  }
}
