import { assert } from '../base/assert.ts'
import { concatBytes, fromHex, toHex, utf8 } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'
import { OBJECT_ID_BYTES, type ObjectId, REALM_ID_BYTES, type RealmId, REPOSITORY_ID_BYTES } from '../base/ids.ts'
import { FRAME_BYTES_MAX, PACK_BYTES_MAX } from '../base/limits.ts'
import { type ChunkerParameters, chunkerProblem } from './chunker-parameters.ts'
import {
  CONFIG_BYTES_MAX,
  CONFIG_SLOTS_MAX,
  CONFIG_SUITE,
  type ConfigSlot,
  type RepositoryConfig,
  type SignedConfig,
} from './config.ts'
import { JsonReader } from './json-reader.ts'
import { GENERATIONS_MAX, REALMS_MAX } from './key-set.ts'
import { malformed, unsupportedVersion } from './malformed.ts'
import type { Features } from './records.ts'
import { KEY_SET_KINDS } from './slot.ts'

const MAGIC = 'tidemark config'
const VERSION = 1
const STRUCTURE = 'config'
// The body stands between fixed texts, so that the whole is JSON and the signed bytes are found without parsing it.
const PREFIX = '{"body":'
const SIGNATURE_PREFIX = ',"signature":"'
const SUFFIX = '"}\n'
const SIGNATURE_BYTES = 64
const PUBLIC_KEY_BYTES = 32
const SEALING_PUBLIC_KEY_BYTES = 1216
const TAIL_BYTES = SIGNATURE_PREFIX.length + 2 * SIGNATURE_BYTES + SUFFIX.length
const FEATURES_MAX = 64
/** It is not spelt out. */
const FIRST_GENERATION = 1
const GRACE_SECONDS_MAX = 10 * 366 * 86_400
/** Features that this version understands: none exist yet. */
const READ_FEATURES: ReadonlySet<string> = new Set<string>()

/** Returns the bytes of a config that the owner signs: JSON without white space, members in the order of the spec. */
export function encodeConfigBody(config: RepositoryConfig): Uint8Array {
  const { chunker, features } = config
  return utf8(
    JSON.stringify({
      magic: MAGIC,
      version: VERSION,
      repository: config.repository,
      suite: config.suite,
      chunker: {
        minBytes: chunker.minBytes,
        avgBytes: chunker.avgBytes,
        maxBytes: chunker.maxBytes,
        normalisation: chunker.normalisation,
      },
      frameBytesTarget: config.frameBytesTarget,
      packBytesTarget: config.packBytesTarget,
      graceSeconds: config.graceSeconds,
      features: { read: features.read, write: features.write, prune: features.prune },
      revision: config.revision,
      previous: config.previous ?? null,
      ownerPublicKey: toHex(config.ownerPublicKey),
      generation: config.generation === FIRST_GENERATION ? undefined : config.generation,
      realms: config.realms,
      slots: config.slots.map(({ id, keySet, realm, sealingPublicKey, update }) => ({
        id,
        keySet,
        realm,
        sealingPublicKey: toHex(sealingPublicKey),
        update,
      })),
      extensions: config.extensions,
    }),
  )
}

/** Returns a config's stored bytes. */
export function encodeConfig(body: Uint8Array, signature: Uint8Array): Uint8Array {
  assert(signature.byteLength === SIGNATURE_BYTES, 'a signature has 64 bytes')
  const bytes = concatBytes(utf8(PREFIX), body, utf8(SIGNATURE_PREFIX + toHex(signature) + SUFFIX))
  assert(bytes.byteLength <= CONFIG_BYTES_MAX, 'a config has at most 1 MiB')
  return bytes
}

/**
 * Returns the config that `bytes` hold, with its signature, which the caller verifies.
 * @throws {IntegrityError} MALFORMED; UNSUPPORTED_VERSION; UNSUPPORTED_FEATURE for one needed to read
 * @see docs/format.md, "Config"
 */
export function decodeConfig(bytes: Uint8Array): SignedConfig {
  if (bytes.byteLength > CONFIG_BYTES_MAX) throw malformed(STRUCTURE, `it has ${bytes.byteLength} bytes`)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bodyEnd = bytes.byteLength - TAIL_BYTES
  const tail = text.toString('latin1', Math.max(0, bodyEnd))
  if (text.toString('latin1', 0, PREFIX.length) !== PREFIX) throw malformed(STRUCTURE, 'it does not start with a body')
  if (bodyEnd < PREFIX.length || !tail.startsWith(SIGNATURE_PREFIX) || !tail.endsWith(SUFFIX)) {
    throw malformed(STRUCTURE, 'it does not end with a signature')
  }
  const hex = tail.slice(SIGNATURE_PREFIX.length, -SUFFIX.length)
  const signature = hex === hex.toLowerCase() ? fromHex(hex) : undefined
  if (signature === undefined) throw malformed(STRUCTURE, 'its signature is not lower-case hexadecimal')
  const body = bytes.subarray(PREFIX.length, bodyEnd)
  return { config: decodeBody(body), body, signature }
}

function decodeBody(body: Uint8Array): RepositoryConfig {
  const json = new JsonReader(parse(body), STRUCTURE)
  if (json.string('magic') !== MAGIC) throw malformed(STRUCTURE, 'its magic is another')
  const version = json.integer('version', 1, Number.MAX_SAFE_INTEGER)
  if (version !== VERSION) throw unsupportedVersion(STRUCTURE, `it has version ${version}`)
  const suite = json.integer('suite', 1, Number.MAX_SAFE_INTEGER)
  if (suite !== CONFIG_SUITE) throw unsupportedVersion(STRUCTURE, `it has suite ${suite}`)
  const features = readFeatures(json.object('features'))
  const unknown = features.read.find((feature) => !READ_FEATURES.has(feature))
  if (unknown !== undefined) throw unsupportedFeature(unknown)
  const config = {
    repository: json.id<RepositoryConfig['repository']>('repository', REPOSITORY_ID_BYTES),
    suite,
    chunker: readChunker(json.object('chunker')),
    frameBytesTarget: json.integer('frameBytesTarget', 64 << 10, FRAME_BYTES_MAX),
    packBytesTarget: json.integer('packBytesTarget', 1 << 20, PACK_BYTES_MAX),
    graceSeconds: json.integer('graceSeconds', 0, GRACE_SECONDS_MAX),
    features,
    revision: json.integer('revision', 1, Number.MAX_SAFE_INTEGER),
    previous: json.takeNull('previous') ? undefined : json.id<ObjectId>('previous', OBJECT_ID_BYTES),
    ownerPublicKey: json.bytes('ownerPublicKey', PUBLIC_KEY_BYTES),
    generation: json.has('generation')
      ? json.integer('generation', FIRST_GENERATION + 1, GENERATIONS_MAX)
      : FIRST_GENERATION,
    realms: readRealms(json),
    slots: json.objects('slots', CONFIG_SLOTS_MAX).map(readSlot),
    extensions: readExtensions(json),
  }
  if (config.slots.some(({ realm }) => realm !== undefined && !config.realms.includes(realm))) {
    throw json.malformed('slots', 'name a realm that is not there')
  }
  if (config.revision === 1 && config.previous !== undefined) {
    throw json.malformed('previous', 'names a config before the first')
  }
  json.expectEnd()
  return config
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(body)))
  } catch {
    // What is wrong with it does not matter, and the parser's message would quote it.
    throw malformed(STRUCTURE, 'its body is no JSON')
  }
}

function readChunker(json: JsonReader): ChunkerParameters {
  const chunker = {
    minBytes: json.integer('minBytes', 1, 0xffff_ffff),
    avgBytes: json.integer('avgBytes', 1, 0xffff_ffff),
    maxBytes: json.integer('maxBytes', 1, 0xffff_ffff),
    normalisation: json.integer('normalisation', 0, 255),
  }
  json.expectEnd()
  const problem = chunkerProblem(chunker)
  if (problem !== undefined) throw malformed(STRUCTURE, problem)
  return chunker
}

function readFeatures(json: JsonReader): Features {
  const list = (name: string): string[] =>
    json.array(name, FEATURES_MAX).map((item) => {
      if (typeof item === 'string' && /^[a-z0-9-]{1,64}$/.test(item)) return item
      throw json.malformed(name, 'holds what is no feature')
    })
  const features = { read: list('read'), write: list('write'), prune: list('prune') }
  json.expectEnd()
  return features
}

function readRealms(json: JsonReader): RealmId[] {
  const realms = json.array('realms', REALMS_MAX).map((item) => {
    if (typeof item === 'string' && item.length === 2 * REALM_ID_BYTES && /^[0-9a-f]+$/.test(item))
      return item as RealmId
    throw json.malformed('realms', 'holds what is no realm')
  })
  if (realms.length === 0 || new Set(realms).size !== realms.length) {
    throw json.malformed('realms', 'is empty or names one twice')
  }
  return realms
}

function readSlot(json: JsonReader): ConfigSlot {
  const id = json.id<ObjectId>('id', OBJECT_ID_BYTES)
  const name = json.string('keySet')
  const keySet = KEY_SET_KINDS.find((kind) => kind === name)
  if (keySet === undefined) throw json.malformed('keySet', 'is unknown')
  const realm = json.has('realm') ? json.id<RealmId>('realm', REALM_ID_BYTES) : undefined
  if ((keySet === 'backup-only') !== (realm !== undefined)) {
    throw json.malformed('realm', 'is what a backup-only slot has, and no other')
  }
  const sealingPublicKey = json.bytes('sealingPublicKey', SEALING_PUBLIC_KEY_BYTES)
  const update = json.has('update') ? json.id<ObjectId>('update', OBJECT_ID_BYTES) : undefined
  json.expectEnd()
  return { id, keySet, realm, sealingPublicKey, update }
}

function readExtensions(json: JsonReader): Record<string, unknown> {
  return json.object('extensions').rest()
}

function unsupportedFeature(feature: string): IntegrityError {
  return new IntegrityError('UNSUPPORTED_FEATURE', `the repository needs the feature ${feature} to be read`, {
    context: { feature },
    hint: 'It was written by a later version of Tidemark: update this one.',
  })
}
