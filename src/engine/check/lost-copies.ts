import { BLOB_ID_BYTES, type ObjectId } from '../../base/ids.ts'
import { StorageError } from '../../base/errors.ts'
import { timespecOfMs } from '../../base/clock.ts'
import type { CareContext, CareEvents } from '../care-types.ts'

/**
 * Calls lost what cannot be read, so that the next backup stores it again.
 *
 * One record a pack: a record speaks of each of its blobs in each of its packs, and what one pack lost another may have.
 */
export class LostCopies {
  readonly #context: CareContext
  readonly #events: CareEvents
  readonly #byPack = new Map<ObjectId, Uint8Array[]>()
  readonly #wholePacks: ObjectId[] = []
  #canWrite: boolean
  /** Copies of blobs that were called lost; those of packs that are lost as a whole are not counted. */
  blobs = 0

  constructor(context: CareContext, events: CareEvents, { dryRun }: { readonly dryRun: boolean }) {
    this.#context = context
    this.#events = events
    this.#canWrite = !dryRun
  }

  /** Adds blobs of a pack, 32-byte ids one after the other. */
  add(pack: ObjectId, blobs: Uint8Array): void {
    const known = this.#byPack.get(pack)
    if (known === undefined) this.#byPack.set(pack, [blobs])
    else known.push(blobs)
    this.blobs += blobs.byteLength / BLOB_ID_BYTES
  }

  /** Adds a pack of which it is not known what it held. */
  addPack(pack: ObjectId): void {
    this.#wholePacks.push(pack)
  }

  /** Writes what was added since the last time. A store that takes nothing is told of once, and stops no check. */
  async write(): Promise<void> {
    const { repository, clock } = this.#context
    const made = timespecOfMs(clock.nowMs())
    const lost = [...this.#byPack].map(([pack, blobs]) => {
      return { packs: [pack], blobs: new Uint8Array(Buffer.concat(blobs)), made }
    })
    this.#byPack.clear()
    const packs = this.#wholePacks.splice(0)
    if (packs.length > 0) lost.push({ packs, blobs: new Uint8Array(), made })
    for (const record of lost) {
      if (!this.#canWrite) return
      try {
        await repository.records.put('lost', record, repository.instance)
      } catch (error) {
        if (!(error instanceof StorageError) || error.retry === 'transient') throw error
        this.#canWrite = false
        this.#events.warning?.(error)
      }
    }
  }
}
