import { assert, present } from '../base/assert.ts'
import { OBJECT_ID_BYTES, type RepositoryId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import { wipe } from '../crypto/secret.ts'
import { FRAME_COLUMNS, type PackTables } from '../format/pack.ts'
import type { Driver } from '../storage/driver.ts'
import { type FilledPack, type FinishedPack, finishPack } from './finish-pack.ts'
import type { Instance } from './instance-key.ts'
import { PackSlabs, SLAB_COUNT } from './pack-slabs.ts'
import type { PackRow, PackTable } from './pack-table.ts'
import type { NewPack, RunKeys } from './run-keys.ts'

/** A pack that is durable in the store, with all that an index file says of it. */
export interface WrittenPack {
  readonly pack: PackRow
  readonly sealedWriterKey: Uint8Array
  readonly tables: PackTables
}

export interface PackWriterOptions {
  readonly driver: Driver
  readonly repository: RepositoryId
  readonly instance: Instance
  readonly keys: RunKeys
  readonly packs: PackTable
  readonly randomness: Randomness
  readonly signal: AbortSignal
  /** Called with every pack once it is durable. */
  readonly onWritten: (written: WrittenPack) => void
  /** Called once, with what went wrong; nothing is written after it. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Sends data packs to the store: prepares slabs for the workers to fill, closes, names and puts those that are full.
 *
 * Belongs to the main thread. Workers see its `slabs`; what they complete is given to `send`.
 */
export class PackWriter {
  readonly slabs: PackSlabs
  readonly #options: PackWriterOptions
  readonly #new: (NewPack | undefined)[] = []
  readonly #pending = new Set<Promise<void>>()
  #failed = false

  constructor(options: PackWriterOptions) {
    this.#options = options
    this.slabs = PackSlabs.create((slab) => this.send(slab))
    for (let slab = 0; slab < SLAB_COUNT; slab++) this.#prepare(slab)
  }

  /** Sends a slab that is closed and whole. */
  send(slab: number): void {
    const sending = this.#send(slab).catch((error: unknown) => this.#fail(error))
    this.#pending.add(sending)
    void sending.finally(() => this.#pending.delete(sending))
  }

  /** Sends what is being filled, and waits until all packs are durable. Nobody may be writing frames. */
  async drain(): Promise<void> {
    const last = this.slabs.closeCurrent()
    if (last !== undefined) this.send(last)
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }

  /** Ends all writing: whoever waits for room gives up, and nothing more is put. */
  stop(): void {
    this.#failed = true
    this.slabs.fail()
  }

  /** Waits for the packs on their way, then wipes all keys. No thread may be sealing frames any more. */
  async close(): Promise<void> {
    this.stop()
    await Promise.allSettled(this.#pending)
    for (const slab of this.slabs.slabs) wipe(slab.key)
  }

  #prepare(slab: number): void {
    const pack = this.#options.keys.newPack()
    const memory = present(this.slabs.slabs[slab], 'a slab')
    memory.bytes.set(pack.header)
    memory.key.set(pack.key)
    wipe(pack.key)
    this.#new[slab] = pack
    this.slabs.prepare(slab, this.#options.packs.reserve())
  }

  async #send(slab: number): Promise<void> {
    if (this.#failed) return
    const memory = present(this.slabs.slabs[slab], 'a slab')
    const { bytes, frames, blobs, packRow } = this.slabs.usage(slab)
    const tables: PackTables = {
      frames: memory.frames.slice(0, frames * FRAME_COLUMNS),
      blobIds: memory.blobIds.slice(0, blobs * OBJECT_ID_BYTES),
      blobTypes: memory.blobTypes.slice(0, blobs),
      blobLengths: memory.blobLengths.slice(0, blobs),
    }
    const filled = { kind: 'data' as const, parts: [memory.bytes.subarray(0, bytes)], key: memory.key, tables }
    await putPack(this.#options, { filled, packRow, salt: present(this.#new[slab], 'a prepared pack').salt })
    if (this.#failed) return
    this.slabs.recycle(slab)
    this.#prepare(slab)
  }

  #fail(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.slabs.fail()
    this.#options.onFailure(error)
  }
}

interface NumberedPack {
  readonly filled: Omit<FilledPack, 'level'>
  /** Its reserved row in the pack table. */
  readonly packRow: number
  readonly salt: Uint8Array
  /** Where its frames start in the frame table, if they follow each other there. */
  readonly firstFrame?: number
}

/** Finishes a pack, puts it, enters it into the pack table, and tells of it. Returns it as it was put. */
export async function putPack(
  options: Omit<PackWriterOptions, 'onFailure' | 'randomness'>,
  pack: NumberedPack,
): Promise<FinishedPack> {
  const { driver, repository, instance, keys, packs, signal, onWritten } = options
  const { filled, packRow, salt, firstFrame } = pack
  // As late as can be: what turned out unreadable meanwhile may have been stored again in this very pack.
  const level = packs.levelOfNew
  const finished = finishPack(repository, instance, { ...filled, level })
  await driver.put({ kind: 'packs', id: finished.id }, finished.parts, signal)
  const row: PackRow = {
    id: finished.id,
    kind: filled.kind,
    salt,
    bytes: finished.storedBytes,
    writerKey: packs.addWriterKey(keys.generation, keys.sealedWriterKey),
    generation: keys.generation,
    level,
    ...(firstFrame === undefined ? {} : { firstFrame, frames: filled.tables.frames.length / FRAME_COLUMNS }),
  }
  packs.set(packRow, row)
  assert(filled.tables.frames.length > 0, 'a pack that is sent has frames')
  onWritten({ pack: row, sealedWriterKey: keys.sealedWriterKey, tables: filled.tables })
  return finished
}
