import { toHex } from '../../base/bytes.ts'
import { IntegrityError, type TidemarkError } from '../../base/errors.ts'
import type { InstanceId, ObjectId } from '../../base/ids.ts'
import { INDEX_BLOBS_MAX } from '../../base/limits.ts'
import { wipe } from '../../crypto/secret.ts'
import { decodePackHeader } from '../../format/pack-header-codec.ts'
import { PACK_HEADER_BYTES, PACK_TRAILER_BYTES } from '../../format/pack.ts'
import type { InstanceRecord } from '../../format/records.ts'
import { buildIndex } from '../../repository/build-index.ts'
import { footerBytes, openFooter } from '../../repository/pack-footer.ts'
import type { WrittenPack } from '../../repository/pack-writer.ts'
import type { Repository } from '../../repository/repository.ts'
import { WriterKeys } from '../../repository/writer-keys.ts'
import { packPath } from '../../storage/driver.ts'
import type { UnnamedPack } from '../check/check-packs.ts'

/** Bytes at the end of a pack that are fetched at once: most footers fit. */
const TAIL_BYTES = 256 << 10

export interface RebuildOptions {
  readonly repository: Repository
  readonly packs: readonly UnnamedPack[]
  readonly instances: ReadonlyMap<InstanceId, InstanceRecord>
  /** Told of each pack whose header or footer cannot be believed: no index names it then. */
  readonly onProblem: (problem: TidemarkError) => void
  readonly signal: AbortSignal
}

/** Enters packs that no index names into new index files, by what their footers say. Returns how many there were. */
export async function rebuildIndex(options: RebuildOptions): Promise<number> {
  const { repository, packs, onProblem, signal } = options
  const { id, realm, cache, records, instance } = repository
  using writerKeys = new WriterKeys({ repository: id, realm, cache })
  const byRun = new Map<string, WrittenPack[]>()
  let entered = 0
  const put = async (written: readonly WrittenPack[]): Promise<void> => {
    if (written.length > 0) await records.put('index', buildIndex(written), instance)
    entered += written.length
  }
  for (const pack of packs) {
    signal.throwIfAborted()
    try {
      const written = await readPack(options, pack, writerKeys)
      if (written === undefined) continue
      // An index file built from packs is of one writer key.
      const run = toHex(written.sealedWriterKey)
      const group = byRun.get(run) ?? []
      if (blobsOf(group) + blobsOf([written]) > INDEX_BLOBS_MAX) await put(group.splice(0))
      byRun.set(run, [...group, written])
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error
      onProblem(unusable(pack.id, error))
    }
  }
  for (const written of byRun.values()) await put(written)
  return entered
}

/** Returns what an index says of a pack; `undefined` for one of another realm. */
async function readPack(
  { repository, instances, signal }: RebuildOptions,
  { id, bytes }: UnnamedPack,
  writerKeys: WriterKeys,
): Promise<WrittenPack | undefined> {
  const { driver } = repository
  const name = { kind: 'packs', id } as const
  if (bytes < PACK_HEADER_BYTES + PACK_TRAILER_BYTES) throw new IntegrityError('MALFORMED', `it has ${bytes} bytes`)
  const header = await driver.get(name, { offset: 0, length: PACK_HEADER_BYTES }, signal)
  const { realm, generation, sealedWriterKey, salt } = decodePackHeader(header)
  if (realm !== repository.realm.realm) return undefined
  const tailOf = async (length: number): Promise<Uint8Array> =>
    driver.get(name, { offset: bytes - length, length }, signal)
  const guess = await tailOf(Math.min(TAIL_BYTES, bytes))
  const length = footerBytes(guess, bytes)
  const tail = length <= guess.byteLength ? guess : await tailOf(length)
  const key = writerKeys.packKey({ generation, sealed: sealedWriterKey }, salt)
  try {
    const publicKeyOf = (instance: InstanceId): Uint8Array | undefined => instances.get(instance)?.publicKey
    const source = { repository: repository.id, pack: id, key, header, tail, packBytes: bytes, publicKeyOf }
    const { kind, level, tables } = openFooter(source)
    return { pack: { id, kind, salt, bytes, writerKey: 0, generation, level }, sealedWriterKey, tables }
  } finally {
    wipe(key)
  }
}

function blobsOf(packs: readonly WrittenPack[]): number {
  return packs.reduce((sum, { tables }) => sum + tables.blobLengths.length, 0)
}

function unusable(id: ObjectId, cause: IntegrityError): IntegrityError {
  return new IntegrityError(cause.code, `${packPath(id)} cannot be entered into the index: ${cause.message}`, {
    context: { object: packPath(id) },
    cause,
    hint: 'Nothing that it may hold can be used; a prune removes it.',
  })
}
