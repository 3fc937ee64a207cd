import type { Clock, Timespec } from '../base/clock.ts'
import { timespecOfMs } from '../base/clock.ts'
import { type InstanceId, hexId, RANDOM_ID_BYTES } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import { deriveKey } from '../crypto/blake3.ts'
import { ED25519_SEED_BYTES, sign, signingKeyPair } from '../crypto/ed25519.ts'
import { keepSecret, wipe } from '../crypto/secret.ts'
import { CborReader } from '../format/cbor-reader.ts'
import { encodeCbor } from '../format/cbor.ts'

/** One computer and user that makes points, with its own signing key. */
export interface Instance {
  readonly id: InstanceId
  readonly name: string
  readonly host: string
  readonly user: string
  readonly created: Timespec
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Returns the 64-byte signature of `message`. */
  sign(message: Uint8Array): Uint8Array
}

/** Keeps an instance's secret in this machine's state directory: opaque bytes, readable by its user alone. */
export interface InstanceStore {
  /** Returns what was saved, or `undefined` when nothing was yet. */
  load(): Promise<Uint8Array | undefined>
  /** Durable once resolved. The bytes are wiped afterwards. */
  save(bytes: Uint8Array): Promise<void>
}

export interface NewInstance {
  /** Shown to people, such as the host's name. */
  readonly name: string
  readonly host: string
  readonly user: string
}

const VERSION = 1
const NAME_BYTES_MAX = 255
const SAVED_BYTES_MAX = 4096

/**
 * Returns the id that belongs to a public key. It is not chosen, so that nobody can publish another key for it.
 * @see docs/format.md, "Keys"
 */
export function instanceIdOf(publicKey: Uint8Array): InstanceId {
  return hexId<InstanceId>(deriveKey('tidemark v1 instance id', publicKey).subarray(0, RANDOM_ID_BYTES))
}

/**
 * Loads this machine's instance, or creates and saves it.
 * @throws {IntegrityError} MALFORMED: what was saved is damaged.
 */
export async function openInstance(
  store: InstanceStore,
  create: { readonly describe: () => NewInstance; readonly clock: Clock; readonly randomness: Randomness },
): Promise<Instance> {
  const saved = await store.load()
  if (saved !== undefined) return decodeInstance(saved)
  const seed = create.randomness.bytes(ED25519_SEED_BYTES)
  const { name, host, user } = create.describe()
  const created = timespecOfMs(create.clock.nowMs())
  const bytes = encodeCbor([VERSION, seed, name, host, user, created.seconds, created.nanoseconds])
  await store.save(bytes)
  wipe(bytes)
  return instanceOf(seed, { name, host, user, created })
}

function decodeInstance(bytes: Uint8Array): Instance {
  const reader = new CborReader(bytes, "instance's key")
  if (bytes.byteLength > SAVED_BYTES_MAX) throw reader.malformed(`it has ${bytes.byteLength} bytes`)
  reader.readArrayHeader(7, 7)
  const version = reader.readUint()
  if (version !== VERSION) throw reader.malformed(`it has version ${version}`)
  const seed = Uint8Array.from(reader.readBytesExactly(ED25519_SEED_BYTES))
  const [name, host, user] = [readName(reader), readName(reader), readName(reader)]
  const created = { seconds: reader.readInt(), nanoseconds: reader.readUint(999_999_999) }
  reader.expectEnd()
  wipe(bytes)
  return instanceOf(seed, { name, host, user, created })
}

function readName(reader: CborReader): string {
  return reader.readText(NAME_BYTES_MAX)
}

/** Makes an instance of its 32-byte seed, which is wiped. */
function instanceOf(seed: Uint8Array, about: NewInstance & { readonly created: Timespec }): Instance {
  const { publicKey, secretKey } = signingKeyPair(seed)
  wipe(seed)
  const kept = keepSecret(secretKey)
  return { ...about, id: instanceIdOf(publicKey), publicKey, sign: (message) => sign(message, kept) }
}
