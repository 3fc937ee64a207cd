import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import type { RepositoryId } from '../../src/base/ids.ts'
import { decodeCbor } from '../../src/format/cbor.ts'
import { decodeEnvelopeHeader, decodeEnvelopeInner, envelopeAad, signatureInput } from '../../src/format/envelope.ts'
import type { FrameKind } from '../../src/format/frame.ts'
import { FRAME_AAD_BYTES, FRAME_NONCE_BYTES, frameAad, frameNonce } from '../../src/format/frame.ts'
import { decodeCreated } from '../../src/format/created-codec.ts'
import { decodeIndex } from '../../src/format/index-codec.ts'
import { decodeList } from '../../src/format/list-codec.ts'
import { certificateInput, tombstoneInput } from '../../src/format/owner-signatures.ts'
import { decodePackFooter, footerSignatureInput } from '../../src/format/pack-footer-codec.ts'
import { decodePackHeader, decodePackTrailer } from '../../src/format/pack-header-codec.ts'
import { decodePointDetail } from '../../src/format/point-detail-codec.ts'
import { decodeRecordBody } from '../../src/format/record-codec.ts'
import type { RecordBodies, RecordKind } from '../../src/format/records.ts'
import { decodeTree } from '../../src/format/tree-codec.ts'
import { allVectors, vectorText } from '../vectors/all-vectors.ts'
import { cborJson } from '../vectors/generate-cbor.ts'
import { jsonOf } from '../vectors/vector-file.ts'

const folder = join(import.meta.dirname, '../vectors')
/** Vectors that others published: no generator of ours makes them. */
const PUBLISHED = ['hpke']

type Vector = Readonly<Record<string, unknown>>
/** Decodes a vector's bytes and returns everything that the vector says besides its description and bytes. */
type Reader = (bytes: Uint8Array, vector: Vector) => Record<string, unknown>

const READERS: Readonly<Record<string, Reader>> = {
  cbor: (bytes) => ({ value: cborJson(decodeCbor(bytes)) }),
  tree: (bytes) => ({ tree: decodeTree(bytes) }),
  list: (bytes) => {
    const ids = decodeList(bytes)
    return { ids: Array.from({ length: ids.byteLength / 32 }, (_, i) => ids.subarray(i * 32, i * 32 + 32)) }
  },
  'pack-header': (bytes) => ({ header: decodePackHeader(bytes) }),
  'pack-trailer': (bytes) => ({ footerStoredBytes: decodePackTrailer(bytes) }),
  'pack-footer': (bytes, vector) => {
    const framesEnd = vector['framesEnd'] as number
    const { body, signature, ...footer } = decodePackFooter(bytes, { framesEnd })
    const header = bytesOf(vector['header'])
    const signed = footerSignatureInput({ repository: repositoryOf(vector), header, body })
    return { footer, framesEnd, signature, repository: repositoryOf(vector), header, signatureInput: signed }
  },
  index: (bytes) => ({ index: decodeIndex(bytes) }),
  'envelope-header': (bytes, vector) => {
    const header = decodeEnvelopeHeader(bytes)
    const repository = repositoryOf(vector)
    return { header, repository, associatedData: envelopeAad({ header: bytes, repository }) }
  },
  'envelope-inner': (bytes, vector) => {
    const inner = decodeEnvelopeInner(bytes)
    const kind = vector['kind'] as RecordKind
    const repository = repositoryOf(vector)
    return { inner, kind, repository, signatureInput: signatureInput(kind, repository, inner.body) }
  },
  point: recordReader('points'),
  instance: (bytes, vector) => {
    const record = decodeRecordBody('instances', bytes)
    if (record.certificate.byteLength === 0) return { record }
    const repository = repositoryOf(vector)
    return { record, repository, certificateInput: certificateInput(repository, record) }
  },
  run: recordReader('runs'),
  mark: recordReader('marks'),
  dead: recordReader('dead'),
  lost: recordReader('lost'),
  tombstone: (bytes, vector) => {
    const record = decodeRecordBody('tombstones', bytes)
    const repository = repositoryOf(vector)
    return { record, repository, ownerSignatureInput: tombstoneInput(repository, record) }
  },
  note: recordReader('notes'),
  created: (bytes) => ({ entries: decodeCreated(bytes) }),
  'point-detail': (bytes) => ({ detail: decodePointDetail(bytes) }),
}

function recordReader(kind: keyof RecordBodies): Reader {
  return (bytes) => ({ record: decodeRecordBody(kind, bytes) })
}

function bytesOf(hex: unknown): Uint8Array {
  return fromHex(hex as string)!
}

function repositoryOf(vector: Vector): RepositoryId {
  return vector['repository'] as RepositoryId
}

function readVectors(structure: string): { name: string; vector: Vector }[] {
  return readdirSync(join(folder, structure)).map((name) => {
    return { name, vector: JSON.parse(readFileSync(join(folder, structure, name), 'utf8')) as Vector }
  })
}

describe.each(Object.keys(READERS))('the golden vectors of %s', (structure) => {
  const vectors = readVectors(structure)
  const read = READERS[structure]!

  test('are both of good and of broken bytes', () => {
    expect(new Set(vectors.map(({ vector }) => 'error' in vector)).size).toBe(2)
  })

  test.each(vectors.filter(({ vector }) => !('error' in vector)))(
    '$name says what its bytes decode to',
    ({ vector }) => {
      const { description, bytes, ...said } = vector
      expect(description).toMatch(/\.$/)
      expect(jsonOf(read(bytesOf(bytes), vector))).toEqual(said)
    },
  )

  test.each(vectors.filter(({ vector }) => 'error' in vector))('$name is refused', ({ vector }) => {
    expect(() => read(bytesOf(vector['bytes']), vector)).toThrow(expect.objectContaining({ code: vector['error'] }))
  })
})

describe('the golden vectors', () => {
  test.each(readVectors('frame'))('of frames say how $name is sealed', ({ vector }) => {
    const { kind, number } = vector as { kind: FrameKind; number: number }
    const nonce = new Uint8Array(FRAME_NONCE_BYTES)
    const aad = new Uint8Array(FRAME_AAD_BYTES)
    frameNonce(nonce, number)
    frameAad(aad, { repository: bytesOf(vector['repository']), kind, number })
    expect({ nonce: toHex(nonce), associatedData: toHex(aad) }).toEqual({
      nonce: vector['nonce'],
      associatedData: vector['associatedData'],
    })
  })

  test.each([...Object.keys(READERS), 'frame'])('of %s are named where the format is told', (structure) => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/format.md'), 'utf8')
    expect(text).toContain(`\`${structure}/\``)
  })

  test('are exactly the files that the generators make', async () => {
    const made = new Map((await allVectors()).map((vector) => [vector.path, vectorText(vector)]))
    const kept = new Map<string, string>()
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isDirectory() || PUBLISHED.includes(entry.name)) continue
      for (const name of readdirSync(join(folder, entry.name))) {
        kept.set(`${entry.name}/${name}`, readFileSync(join(folder, entry.name, name), 'utf8'))
      }
    }
    expect([...made.keys()].sort()).toEqual([...kept.keys()].sort())
    // Bytes that change without a new version make every repository of this version unreadable.
    const changed = [...made].filter(([path, text]) => kept.get(path) !== text).map(([path]) => path)
    expect(changed).toEqual([])
  })
})
