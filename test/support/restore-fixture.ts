import { type ByteString, byteStringOf } from '../../src/base/byte-string.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import type { BlobId } from '../../src/base/ids.ts'
import { type OpenPointView, openPointView } from '../../src/engine/point-view.ts'
import type { RestoreRepository } from '../../src/engine/restore/plan-restore.ts'
import { planRestore } from '../../src/engine/restore/plan-restore.ts'
import { restore } from '../../src/engine/restore/restore.ts'
import type { RestoreOptions, RestoreSummary } from '../../src/engine/restore-types.ts'
import { WorkerPool } from '../../src/engine/workers/worker-pool.ts'
import { CborWriter } from '../../src/format/cbor-writer.ts'
import { encodeTree } from '../../src/format/tree-codec.ts'
import { encodeTreeEntry } from '../../src/format/tree-entry-codec.ts'
import type { DirEntry, FileEntry, Hole, TreeEntry } from '../../src/format/tree.ts'
import { BlobReader } from '../../src/repository/blob-reader.ts'
import { RepositoryIndex } from '../../src/repository/repository-index.ts'
import type { Driver } from '../../src/storage/driver.ts'
import { type TinyBlob, type TinyPack, TinyRepository } from './tiny-repository.ts'
import { dirEntry, fileEntry } from './tree-entries.ts'

const FRAME_BYTES = 1 << 20

let pool: WorkerPool | undefined

/** Builds a small point by hand, in a real repository, and restores it with real threads. */
export class RestoreFixture {
  readonly tiny: TinyRepository
  readonly #blobs = new Map<string, TinyBlob>()
  dataPacks: TinyPack[] = []
  view!: OpenPointView
  repository!: RestoreRepository

  private constructor(tiny: TinyRepository) {
    this.tiny = tiny
  }

  static async create(driver?: Driver): Promise<RestoreFixture> {
    return new RestoreFixture(await TinyRepository.create(driver === undefined ? {} : { driver }))
  }

  /** Describes a file; its chunks have `chunkBytes`, and its holes are what `bytes` has there. */
  file(
    name: string,
    content: Uint8Array | string,
    {
      chunkBytes = 512 << 10,
      holes = [],
      ...fields
    }: Partial<FileEntry> & { chunkBytes?: number; holes?: Hole[] } = {},
  ): FileEntry {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    const data: Uint8Array[] = []
    let offset = 0
    for (const hole of [...holes, { offset: bytes.byteLength, length: 0 }]) {
      data.push(bytes.subarray(offset, hole.offset))
      offset = hole.offset + hole.length
    }
    const stream = concatBytes(...data)
    const ids: BlobId[] = []
    for (let at = 0; at < stream.byteLength; at += chunkBytes)
      ids.push(this.#add(stream.subarray(at, at + chunkBytes), 'data'))
    const layout = { size: bytes.byteLength, holes, content: { level: 0, ids: concatBytes(...ids) } }
    return fileEntry(name, { ...layout, ...fields })
  }

  dir(name: string, entries: readonly TreeEntry[], fields: Partial<DirEntry> = {}): DirEntry {
    return dirEntry(name, this.tree(entries), fields)
  }

  /** Describes a directory's entries and returns the id of their tree blob. */
  tree(
    entries: readonly TreeEntry[],
    owners: { users?: Map<number, string>; groups?: Map<number, string> } = {},
  ): BlobId {
    const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))
    const encoded = sorted.map((entry) => {
      const writer = new CborWriter()
      encodeTreeEntry(writer, entry)
      return writer.bytes()
    })
    return this.#add(encodeTree({ entries: encoded, users: new Map(), groups: new Map(), ...owners }), 'tree')
  }

  /** Stores all that was described and opens a point whose root has `entries`. */
  async open(entries: readonly TreeEntry[] | BlobId): Promise<this> {
    const root = entries instanceof Uint8Array ? entries : this.tree(entries)
    const all = [...this.#blobs.values()]
    this.dataPacks = [await this.tiny.putPack(framesOf(all.filter(({ type }) => type === 'data')), 'data')]
    const trees = await this.tiny.putPack(framesOf(all.filter(({ type }) => type === 'tree')), 'tree')
    await this.tiny.putIndex([...this.dataPacks, trees])
    return this.reopen(root)
  }

  /** Loads the index anew, as another process would, through another driver if need be. */
  async reopen(root: BlobId, driver: Driver = this.tiny.driver): Promise<this> {
    const { id, ring } = this.tiny
    const realm = ring.realm()
    const records = this.tiny.reopenRecords(driver)
    const index = await RepositoryIndex.load({ driver, repository: id, records, realm })
    const reader = new BlobReader({ driver, repository: id, index, realm })
    const part = { name: 'files', source: 'directory', version: 1, attributes: new Map<string, string>(), trees: root }
    this.view = openPointView(reader, [part])
    this.repository = { id, driver, realm, index: async () => index }
    return this
  }

  async restore(
    options: Partial<RestoreOptions>,
    extra: Partial<Parameters<typeof restore>[0]> = {},
  ): Promise<RestoreSummary> {
    pool ??= new WorkerPool({ threads: 2 })
    const { view, repository } = this
    return restore({ view, repository, workers: pool, options: { ...RESTORE_DEFAULTS, ...options }, ...extra })
  }

  /** Returns the plan as lines of action and path below the target. */
  async plan(options: Partial<RestoreOptions> & { target: ByteString }): Promise<string[]> {
    const lines: string[] = []
    for await (const item of planRestore({ view: this.view, options: { ...RESTORE_DEFAULTS, ...options } })) {
      lines.push(`${item.action} ${item.path.slice(options.target.length)}`)
    }
    return lines
  }

  #add(bytes: Uint8Array, type: 'data' | 'tree'): BlobId {
    const blob = this.tiny.blob(bytes, type)
    this.#blobs.set(`${type} ${Buffer.from(blob.id).toString('hex')}`, blob)
    return blob.id
  }
}

/** All that there is, without any choice. */
export const RESTORE_DEFAULTS: RestoreOptions = {
  target: undefined,
  path: byteStringOf('/'),
  include: [],
  exclude: [],
  overwrite: 'if-changed',
  delete: false,
  verify: false,
}

/** Ends the threads when the test file has. */
export async function closePool(): Promise<void> {
  await pool?.[Symbol.asyncDispose]()
  pool = undefined
}

function framesOf(blobs: readonly TinyBlob[]): TinyBlob[][] {
  const frames: TinyBlob[][] = []
  let bytes = Infinity
  for (const blob of blobs) {
    if (bytes + blob.bytes.byteLength > FRAME_BYTES) {
      frames.push([])
      bytes = 0
    }
    frames.at(-1).push(blob)
    bytes += blob.bytes.byteLength
  }
  return frames
}
