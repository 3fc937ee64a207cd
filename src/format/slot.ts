import { assert } from '../base/assert.ts'
import type { Timespec } from '../base/clock.ts'
import { type RepositoryId, REPOSITORY_ID_BYTES, hexId, idBytes } from '../base/ids.ts'
import { type ChunkerParameters, chunkerProblem } from './chunker-parameters.ts'
import { malformed, unsupportedVersion } from './malformed.ts'

/** What opens a slot. The number in the header is the kind's position plus one. */
const SLOT_KINDS = ['password', 'key-file', 'recovery-code'] as const
export type SlotKind = (typeof SLOT_KINDS)[number]
/** What a slot holds, in the same way. */
export const KEY_SET_KINDS = ['full', 'backup-only'] as const
export type KeySetKind = (typeof KEY_SET_KINDS)[number]

const SLOT_HEADER_BYTES = 1368
/** Plaintext of a slot, padded. */
export const SLOT_CONTENT_BYTES = 8192
export const SLOT_BYTES = SLOT_HEADER_BYTES + SLOT_CONTENT_BYTES + 16
export const SLOT_SALT_BYTES = 32
const SLOT_COMMITMENT_BYTES = 32
const MAGIC = Buffer.from('TDMKS')
const VERSION = 1
const SUITE = 1

/** Where the fields of a slot's header lie, in bytes. Integers are little-endian. */
const AT = {
  version: 5,
  suite: 6,
  kind: 7,
  repository: 8,
  salt: 24,
  kdfMemoryKib: 56,
  kdfPasses: 60,
  kdfLanes: 64,
  chunkerMin: 68,
  chunkerAvg: 72,
  chunkerMax: 76,
  chunkerNormalisation: 80,
  keySet: 81,
  reserved: 82,
  graceSeconds: 84,
  ownerPublicKey: 88,
  sealingPublicKey: 120,
  commitment: 1336,
} as const

/** The part of a slot that anyone can read: what is needed to open it, and to make `config` anew. */
export interface SlotHeader {
  readonly kind: SlotKind
  readonly keySet: KeySetKind
  readonly repository: RepositoryId
  /** 32 bytes; makes every wrapping key single-use. */
  readonly salt: Uint8Array
  /** Argon2id; all zero unless the kind is `password`. Not yet checked against what is sane. */
  readonly kdf: { readonly memoryKib: number; readonly passes: number; readonly lanes: number }
  readonly chunker: ChunkerParameters
  readonly graceSeconds: number
  /** Ed25519, 32 bytes. */
  readonly ownerPublicKey: Uint8Array
  /** The slot's own X-Wing public key, 1216 bytes. */
  readonly sealingPublicKey: Uint8Array
  /** 32 bytes that only the right wrapping key yields. */
  readonly commitment: Uint8Array
}

export interface DecodedSlot {
  readonly header: SlotHeader
  /** Associated data of the ciphertext. */
  readonly headerBytes: Uint8Array
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array
}

/** Returns the 1368 bytes of a slot's header. */
export function encodeSlotHeader(header: SlotHeader): Uint8Array {
  const bytes = Buffer.alloc(SLOT_HEADER_BYTES)
  bytes.set(MAGIC)
  bytes[AT.version] = VERSION
  bytes[AT.suite] = SUITE
  bytes[AT.kind] = SLOT_KINDS.indexOf(header.kind) + 1
  bytes[AT.keySet] = KEY_SET_KINDS.indexOf(header.keySet) + 1
  put(bytes, AT.repository, idBytes(header.repository), REPOSITORY_ID_BYTES)
  put(bytes, AT.salt, header.salt, SLOT_SALT_BYTES)
  bytes.writeUInt32LE(header.kdf.memoryKib, AT.kdfMemoryKib)
  bytes.writeUInt32LE(header.kdf.passes, AT.kdfPasses)
  bytes.writeUInt32LE(header.kdf.lanes, AT.kdfLanes)
  bytes.writeUInt32LE(header.chunker.minBytes, AT.chunkerMin)
  bytes.writeUInt32LE(header.chunker.avgBytes, AT.chunkerAvg)
  bytes.writeUInt32LE(header.chunker.maxBytes, AT.chunkerMax)
  bytes[AT.chunkerNormalisation] = header.chunker.normalisation
  bytes.writeUInt32LE(header.graceSeconds, AT.graceSeconds)
  put(bytes, AT.ownerPublicKey, header.ownerPublicKey, AT.sealingPublicKey - AT.ownerPublicKey)
  put(bytes, AT.sealingPublicKey, header.sealingPublicKey, AT.commitment - AT.sealingPublicKey)
  put(bytes, AT.commitment, header.commitment, SLOT_COMMITMENT_BYTES)
  return new Uint8Array(bytes)
}

/**
 * Takes a slot apart. Ownership: the arrays are views of `bytes`.
 * @throws {IntegrityError} MALFORMED, UNSUPPORTED_VERSION
 * @see docs/format.md, "Key slot"
 */
export function decodeSlot(bytes: Uint8Array): DecodedSlot {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!view.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed('key slot', 'its magic is another')
  if (view.byteLength < AT.repository) throw malformed('key slot', `it has ${view.byteLength} bytes`)
  if (view[AT.version] !== VERSION) throw unsupportedVersion('key slot', `it has version ${view[AT.version] ?? 0}`)
  if (view[AT.suite] !== SUITE) throw unsupportedVersion('key slot', `it has suite ${view[AT.suite] ?? 0}`)
  if (view.byteLength !== SLOT_BYTES) throw malformed('key slot', `it has ${view.byteLength} bytes`)
  return {
    header: decodeHeader(view),
    headerBytes: bytes.subarray(0, SLOT_HEADER_BYTES),
    sealed: bytes.subarray(SLOT_HEADER_BYTES),
  }
}

function decodeHeader(view: Buffer): SlotHeader {
  const kind = SLOT_KINDS[(view[AT.kind] ?? 0) - 1]
  if (kind === undefined) throw malformed('key slot', 'its kind is unknown')
  const keySet = KEY_SET_KINDS[(view[AT.keySet] ?? 0) - 1]
  if (keySet === undefined) throw malformed('key slot', 'the kind of its key set is unknown')
  if (view.readUInt16LE(AT.reserved) !== 0) throw malformed('key slot', 'reserved bytes are not zero')
  const kdf = {
    memoryKib: view.readUInt32LE(AT.kdfMemoryKib),
    passes: view.readUInt32LE(AT.kdfPasses),
    lanes: view.readUInt32LE(AT.kdfLanes),
  }
  const derives = kdf.memoryKib !== 0 || kdf.passes !== 0 || kdf.lanes !== 0
  if (kind !== 'password' && derives) throw malformed('key slot', 'it names parameters of a derivation it does not do')
  const chunker = {
    minBytes: view.readUInt32LE(AT.chunkerMin),
    avgBytes: view.readUInt32LE(AT.chunkerAvg),
    maxBytes: view.readUInt32LE(AT.chunkerMax),
    normalisation: view[AT.chunkerNormalisation] ?? 0,
  }
  const problem = chunkerProblem(chunker)
  if (problem !== undefined) throw malformed('key slot', problem)
  return {
    kind,
    keySet,
    repository: hexId<RepositoryId>(view.subarray(AT.repository, AT.salt)),
    salt: view.subarray(AT.salt, AT.kdfMemoryKib),
    kdf,
    chunker,
    graceSeconds: view.readUInt32LE(AT.graceSeconds),
    ownerPublicKey: view.subarray(AT.ownerPublicKey, AT.sealingPublicKey),
    sealingPublicKey: view.subarray(AT.sealingPublicKey, AT.commitment),
    commitment: view.subarray(AT.commitment, SLOT_HEADER_BYTES),
  }
}

function put(bytes: Uint8Array, offset: number, field: Uint8Array, length: number): void {
  assert(field.byteLength === length, `the field of a slot at ${offset} has ${length} bytes`)
  bytes.set(field, offset)
}

/** What a slot keeps secret. */
export interface SlotContent {
  /** Chosen by people, at most SLOT_LABEL_BYTES_MAX bytes of UTF-8. */
  readonly label: string
  readonly created: Timespec
  /** Private half of the slot's sealing pair, 32 bytes. */
  readonly sealingSeed: Uint8Array
  /** An encoded key set. */
  readonly keySet: Uint8Array
}
