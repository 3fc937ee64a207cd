import { concatBytes, toHex, utf8 } from '../../src/base/bytes.ts'
import { hexId, idBytes, type ObjectId, type RealmId, type RepositoryId } from '../../src/base/ids.ts'
import type { Randomness } from '../../src/base/random.ts'
import { hpkePublicKey, hpkeSeal } from '../../src/crypto/hpke.ts'
import { sign, signingKeyPair } from '../../src/crypto/ed25519.ts'
import { encodeCbor } from '../../src/format/cbor.ts'
import { CHUNKER_DEFAULT } from '../../src/format/chunker-parameters.ts'
import { encodeConfig, encodeConfigBody } from '../../src/format/config-codec.ts'
import type { RepositoryConfig } from '../../src/format/config.ts'
import { type BackupKeySet, encodeKeySet, type FullKeySet } from '../../src/format/key-set.ts'
import { formatRecoveryCode } from '../../src/format/recovery-code.ts'
import type { SlotHeader, SlotKind } from '../../src/format/slot.ts'
import { openKeyRing } from '../../src/repository/key-ring.ts'
import { sealKeyUpdate } from '../../src/repository/key-updates.ts'
import { encodeKeyFile } from '../../src/repository/key-file.ts'
import {
  deriveChunkerSeed,
  deriveIdKey,
  deriveMetadataKey,
  deriveSealingSeed,
  writerKeyInfo,
} from '../../src/repository/key-tree.ts'
import { configSignatureInput } from '../../src/repository/signing.ts'
import { deriveSlotKey, wrapSlot } from '../../src/repository/slot-key.ts'
import { encapsulationRandomness, seededRandomness } from '../support/seeded-randomness.ts'
import { broken, counting, type Json, jsonOf, type VectorFile } from './vector-file.ts'

const repository = hexId<RepositoryId>(counting(16, 0xa0))
const home = hexId<RealmId>(counting(12, 0xc0))
const app = hexId<RealmId>(counting(12, 0xd0))
const masters = [counting(32, 0x10), counting(32, 0x50)] as const
const ownerSeed = counting(32, 0x90)
const ownerPublicKey = signingKeyPair(ownerSeed).publicKey

const full = anyFull()

/** A new one each time: whoever opens it wipes it. */
function anyFull(): FullKeySet {
  return {
    kind: 'full',
    ownerSeed: ownerSeed.slice(),
    generations: masters.map((master) => master.slice()),
    realms: [
      { id: home, name: 'home' },
      { id: app, name: 'notes app' },
    ],
  }
}

export async function generate(): Promise<VectorFile[]> {
  const slotVectors = await slots()
  return [
    ...derivations(),
    ...writerKeys(),
    ...keySets(backupOnly()),
    ...slotVectors,
    ...keyUpdates(),
    ...recoveryCodes(),
    ...keyFiles(),
    ...configs(),
  ]
}

function vector(path: string, description: string, more: Record<string, Json>): VectorFile {
  return { path, content: { description, ...more } }
}

function keysOf(realm: RealmId): Record<string, Json> {
  const first = { master: masters[0], realm }
  const newest = { master: masters[1], realm }
  return {
    realm,
    masterKeys: jsonOf(masters),
    metadataKeys: jsonOf([first, newest].map(deriveMetadataKey)),
    sealingSeeds: jsonOf([first, newest].map(deriveSealingSeed)),
    dataIdKey: jsonOf(deriveIdKey(first, 'data')),
    treeIdKey: jsonOf(deriveIdKey(first, 'tree')),
    listIdKey: jsonOf(deriveIdKey(first, 'list')),
    detailIdKey: jsonOf(deriveIdKey(first, 'detail')),
    chunkerSeed: jsonOf(deriveChunkerSeed(first)),
  }
}

function derivations(): VectorFile[] {
  return [
    vector('key-tree/home.json', 'What two generations of the master key give a realm.', keysOf(home)),
    vector('key-tree/second-realm.json', 'The same master keys give another realm other keys.', keysOf(app)),
  ]
}

function writerKeys(): VectorFile[] {
  const seed = deriveSealingSeed({ master: masters[1], realm: home })
  const publicKey = hpkePublicKey(seed)
  const info = writerKeyInfo(repository, home)
  const writerKey = counting(32, 0x77)
  const bytes = hpkeSeal(writerKey, { publicKey, info, randomness: encapsulation('writer key') })
  const input = { repository, realm: home, seed: jsonOf(seed) }
  return [
    vector('writer-key/sealed.json', "A run's writer key, sealed to a realm's second generation.", {
      ...input,
      publicKey: jsonOf(publicKey),
      writerKey: jsonOf(writerKey),
      bytes: jsonOf(bytes),
    }),
    broken('writer-key/encapsulation.json', flip(bytes, 0), 'AUTH_FAILED', input),
    broken('writer-key/tag.json', flip(bytes, 1167), 'AUTH_FAILED', input),
    broken('writer-key/other-realm.json', bytes, 'AUTH_FAILED', { ...input, realm: app }),
    broken('writer-key/other-repository.json', bytes, 'AUTH_FAILED', { ...input, repository: 'ff'.repeat(16) }),
  ]
}

function backupOnly(): BackupKeySet {
  const scopes = masters.map((master) => ({ master, realm: app }))
  const [first, newest] = [
    { master: masters[0], realm: app },
    { master: masters[1], realm: app },
  ]
  return {
    kind: 'backup-only',
    ownerPublicKey,
    realm: { id: app, name: 'notes app' },
    metadataKeys: scopes.map(deriveMetadataKey),
    sealingPublicKey: hpkePublicKey(deriveSealingSeed(newest)),
    idKeys: {
      data: deriveIdKey(first, 'data'),
      tree: deriveIdKey(first, 'tree'),
      list: deriveIdKey(first, 'list'),
      detail: deriveIdKey(first, 'detail'),
    },
    chunkerSeed: deriveChunkerSeed(first),
  }
}

function keySets(backup: BackupKeySet): VectorFile[] {
  const bytes = encodeKeySet(full)
  const realm = [idBytes(home), 'home']
  const set = (keys: readonly Uint8Array[], realms: readonly Json[] | readonly (readonly unknown[])[]): Uint8Array =>
    encodeCbor([1, ownerSeed, keys, realms as never, new Map()])
  return [
    vector('key-set/full.json', 'A full key set with two generations and two realms.', {
      keySet: jsonOf(full),
      bytes: jsonOf(bytes),
    }),
    vector('key-set/backup-only.json', 'A backup-only key set of one realm.', {
      keySet: jsonOf(backup),
      bytes: jsonOf(encodeKeySet(backup)),
    }),
    broken('key-set/cut-short.json', bytes.subarray(0, -1), 'MALFORMED'),
    broken('key-set/bytes-after-its-end.json', concatBytes(bytes, Uint8Array.of(0)), 'MALFORMED'),
    broken('key-set/unknown-kind.json', bytes.with(1, 3), 'MALFORMED'),
    broken('key-set/short-master-key.json', set([counting(31)], [realm]), 'MALFORMED'),
    broken('key-set/no-generation.json', set([], [realm]), 'MALFORMED'),
    broken('key-set/no-realm.json', set([masters[0]], []), 'MALFORMED'),
    broken('key-set/realm-twice.json', set([masters[0]], [realm, realm]), 'MALFORMED'),
  ]
}

const SECRETS: Readonly<Record<SlotKind, Uint8Array>> = {
  password: utf8('correct horse'),
  'key-file': counting(32, 0x21),
  'recovery-code': counting(20, 0x31),
}

async function slot(kind: SlotKind): Promise<{ bytes: Uint8Array; said: Record<string, Json> }> {
  const salt = counting(32, 0xe0)
  const kdf = kind === 'password' ? { memoryKib: 8192, passes: 2, lanes: 1 } : { memoryKib: 0, passes: 0, lanes: 0 }
  const sealingSeed = counting(32, 0x61)
  const sealingPublicKey = hpkePublicKey(sealingSeed)
  const secret = await deriveSlotKey({ salt, kdf }, { kind, bytes: SECRETS[kind] })
  const header: Omit<SlotHeader, 'commitment'> = {
    kind,
    keySet: 'full',
    repository,
    salt,
    kdf,
    chunker: CHUNKER_DEFAULT,
    graceSeconds: 86_400,
    ownerPublicKey,
    sealingPublicKey,
  }
  const created = { seconds: 1_700_000_000, nanoseconds: 250_000_000 }
  const content = { label: 'desk drawer', created, sealingSeed, keySet: encodeKeySet(full) }
  const bytes = concatBytes(...wrapSlot(header, content, secret))
  return { bytes, said: { secret: jsonOf(SECRETS[kind]), header: jsonOf(header), content: jsonOf(content) } }
}

async function slots(): Promise<VectorFile[]> {
  const [password, keyFile, code] = [await slot('password'), await slot('key-file'), await slot('recovery-code')]
  const { bytes } = keyFile
  const secret = { secret: jsonOf(SECRETS['key-file']) }
  const bad = (name: string, changed: Uint8Array, error: string): VectorFile =>
    broken(`slot/${name}.json`, changed, error, secret)
  return [
    ...(
      [
        ['password', password],
        ['key-file', keyFile],
        ['recovery-code', code],
      ] as const
    ).map(([kind, { bytes, said }]) =>
      vector(`slot/${kind}.json`, `A full key set under a ${kind.replace('-', ' ')}.`, {
        ...said,
        bytes: jsonOf(bytes),
      }),
    ),
    broken('slot/wrong-password.json', password.bytes, 'WRONG_PASSWORD', { secret: toHex(utf8('correct house')) }),
    broken('slot/wrong-key.json', bytes, 'WRONG_KEY', { secret: jsonOf(counting(32, 0x22)) }),
    bad('ciphertext', flip(bytes, 2000), 'SLOT_DAMAGED'),
    bad('sealing-public-key', flip(bytes, 200), 'SLOT_DAMAGED'),
    bad('other-repository', flip(bytes, 8), 'SLOT_DAMAGED'),
    bad('commitment', flip(bytes, 1340), 'WRONG_KEY'),
    bad('magic', flip(bytes, 0), 'MALFORMED'),
    bad('version', bytes.with(5, 2), 'UNSUPPORTED_VERSION'),
    bad('suite', bytes.with(6, 2), 'UNSUPPORTED_VERSION'),
    bad('unknown-kind', bytes.with(7, 4), 'MALFORMED'),
    bad('kdf-parameters-of-a-key-file', bytes.with(56, 1), 'MALFORMED'),
    bad('chunker-out-of-bounds', bytes.with(75, 255), 'MALFORMED'),
    bad('reserved-bytes', bytes.with(83, 1), 'MALFORMED'),
    bad('cut-short', bytes.subarray(0, -1), 'MALFORMED'),
    broken('slot/kdf-memory-out-of-bounds.json', password.bytes.with(59, 1), 'KDF_BOUNDS', {
      secret: jsonOf(SECRETS.password),
    }),
  ]
}

function keyUpdates(): VectorFile[] {
  const sealingSeed = counting(32, 0x61)
  const header = { repository, slot: hexId<ObjectId>(counting(32, 1)), revision: 3 }
  using ring = openKeyRing(anyFull(), seededRandomness('owner'))
  const keySet = encodeKeySet(full)
  const by = { ring, sealingPublicKey: hpkePublicKey(sealingSeed), randomness: encapsulation('key update') }
  const bytes = concatBytes(...sealKeyUpdate(header, keySet, by))
  const input = { sealingSeed: jsonOf(sealingSeed), ownerPublicKey: jsonOf(ownerPublicKey), header: jsonOf(header) }
  const bad = (name: string, changed: Uint8Array, error: string): VectorFile =>
    broken(`key-update/${name}.json`, changed, error, input)
  return [
    vector('key-update/full.json', 'What a full slot holds since a rotation.', {
      ...input,
      keySet: jsonOf(keySet),
      bytes: jsonOf(bytes),
    }),
    bad('magic', flip(bytes, 0), 'MALFORMED'),
    bad('version', bytes.with(5, 2), 'UNSUPPORTED_VERSION'),
    bad('suite', bytes.with(6, 2), 'UNSUPPORTED_VERSION'),
    bad('reserved-byte', bytes.with(7, 1), 'MALFORMED'),
    bad('cut-short', bytes.subarray(0, -1), 'MALFORMED'),
    bad('ciphertext', flip(bytes, 2000), 'BAD_SIGNATURE'),
    bad('signature', flip(bytes, bytes.length - 1), 'BAD_SIGNATURE'),
    broken('key-update/other-seed.json', bytes, 'SLOT_DAMAGED', { ...input, sealingSeed: jsonOf(counting(32, 0x62)) }),
  ]
}

function recoveryCodes(): VectorFile[] {
  const code = counting(20, 0xf0)
  const text = formatRecoveryCode(code)
  const said = (name: string, description: string, typed: string): VectorFile =>
    vector(`recovery-code/${name}.json`, description, { text: typed, code: jsonOf(code) })
  const bad = (name: string, typed: string): VectorFile =>
    vector(`recovery-code/${name}.json`, `Broken: ${name.replaceAll('-', ' ')}.`, {
      text: typed,
      error: 'BAD_RECOVERY_CODE',
    })
  const misread = text.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l').replaceAll('-', ' ')
  return [
    said('printed', 'A recovery code as it is printed.', text),
    said('misread', 'The same, in lower case, with spaces, letters O for zeros and L for ones.', misread),
    bad('too-short', text.slice(0, -1)),
    bad('too-long', `${text}0`),
    bad('wrong-symbol', `${text.startsWith('2') ? '3' : '2'}${text.slice(1)}`),
    bad('wrong-checksum', `${text.slice(0, -1)}${text.endsWith('2') ? '3' : '2'}`),
    bad('no-symbol-of-the-alphabet', `U${text.slice(1)}`),
  ]
}

function keyFiles(): VectorFile[] {
  const file = { repository, key: counting(32, 0x21) }
  const text = Buffer.from(encodeKeyFile(file)).toString('utf8')
  const bad = (name: string, changed: string): VectorFile => broken(`key-file/${name}.json`, utf8(changed), 'WRONG_KEY')
  return [
    vector('key-file/plain.json', 'A key file.', { ...file, key: jsonOf(file.key), text, bytes: toHex(utf8(text)) }),
    bad('changed-key', text.replace('key 21', 'key 31')),
    bad('other-header', text.replace('file 1', 'file 2')),
    bad('no-checksum', text.replace(/check .*\n/, '')),
  ]
}

function configs(): VectorFile[] {
  const first: RepositoryConfig = {
    ...{ repository, suite: 1, chunker: CHUNKER_DEFAULT, frameBytesTarget: 1 << 20, packBytesTarget: 16 << 20 },
    ...{ graceSeconds: 86_400, features: { read: [], write: [], prune: [] }, revision: 1, previous: undefined },
    ...{ ownerPublicKey, generation: 1, realms: [home], extensions: {} },
    slots: [
      {
        ...{ id: hexId<ObjectId>(counting(32, 1)), keySet: 'full', realm: undefined, update: undefined },
        sealingPublicKey: hpkePublicKey(counting(32, 0x61)),
      },
    ],
  }
  const second: RepositoryConfig = {
    ...first,
    ...{ revision: 2, previous: hexId<ObjectId>(counting(32, 2)), graceSeconds: 7200, realms: [home, app] },
    features: { read: [], write: ['padding-frames'], prune: ['pinned-points'] },
    extensions: { later: [1, { name: 'unknown' }] },
  }
  const rotated: RepositoryConfig = {
    ...first,
    ...{ revision: 3, previous: hexId<ObjectId>(counting(32, 3)), generation: 2, realms: [home, app] },
    slots: [
      ...first.slots.map((slot) => ({ ...slot, update: hexId<ObjectId>(counting(32, 4)) })),
      {
        ...{ id: hexId<ObjectId>(counting(32, 5)), keySet: 'backup-only' as const, realm: app },
        sealingPublicKey: hpkePublicKey(counting(32, 0x62)),
        update: hexId<ObjectId>(counting(32, 6)),
      },
    ],
  }
  const bytes = signed(encodeConfigBody(first))
  const text = Buffer.from(encodeConfigBody(first)).toString('utf8')
  const bad = (name: string, error: string, from: string, to: string): VectorFile => {
    if (!text.includes(from)) throw new Error(`the config has no ${from}`)
    return broken(`config/${name}.json`, signed(utf8(text.replace(from, to))), error)
  }
  return [
    vector('config/first.json', 'The config that init writes.', { config: jsonOf(first), bytes: jsonOf(bytes) }),
    vector('config/second-revision.json', 'A later one, with features and extensions that it carries along.', {
      config: jsonOf(second),
      bytes: jsonOf(signed(encodeConfigBody(second))),
    }),
    vector('config/rotated.json', 'After a rotation, with a backup-only slot of a realm of its own.', {
      config: jsonOf(rotated),
      bytes: jsonOf(signed(encodeConfigBody(rotated))),
    }),
    broken('config/signature.json', bytes.with(bytes.length - 4, bytes.at(-4) === 0x30 ? 0x31 : 0x30), 'BAD_SIGNATURE'),
    broken('config/body-changed-after-signing.json', replaced(bytes, '86400', '86401'), 'BAD_SIGNATURE'),
    broken('config/no-signature.json', bytes.subarray(0, -8), 'MALFORMED'),
    broken('config/space-before-the-body.json', concatBytes(utf8(' '), bytes), 'MALFORMED'),
    bad('magic', 'MALFORMED', 'tidemark config', 'tidemark confit'),
    bad('version', 'UNSUPPORTED_VERSION', '"version":1', '"version":2'),
    bad('suite', 'UNSUPPORTED_VERSION', '"suite":1', '"suite":2'),
    bad('unknown-read-feature', 'UNSUPPORTED_FEATURE', '"read":[]', '"read":["from-the-future"]'),
    bad('unknown-member', 'MALFORMED', '"suite":1', '"suite":1,"colour":"blue"'),
    bad('missing-member', 'MALFORMED', '"graceSeconds":86400,', ''),
    bad('revision-zero', 'MALFORMED', '"revision":1', '"revision":0'),
    bad('first-with-previous', 'MALFORMED', '"previous":null', `"previous":"${'ab'.repeat(32)}"`),
    bad('upper-case-id', 'MALFORMED', `"repository":"${repository}"`, `"repository":"${repository.toUpperCase()}"`),
    bad('no-realm', 'MALFORMED', `"realms":["${home}"]`, '"realms":[]'),
    bad('average-chunk-no-power-of-two', 'MALFORMED', '"avgBytes":524288', '"avgBytes":524289'),
    bad('grace-negative', 'MALFORMED', '"graceSeconds":86400', '"graceSeconds":-1'),
    bad('first-generation-spelt-out', 'MALFORMED', '"realms":', '"generation":1,"realms":'),
    bad('backup-only-slot-without-realm', 'MALFORMED', '"keySet":"full"', '"keySet":"backup-only"'),
    bad('slot-of-unknown-realm', 'MALFORMED', '"keySet":"full"', `"keySet":"backup-only","realm":"${app}"`),
    bad('no-json', 'MALFORMED', '"suite":1', '"suite":'),
  ]
}

function signed(body: Uint8Array): Uint8Array {
  return encodeConfig(body, sign(configSignatureInput(body), signingKeyPair(ownerSeed).secretKey))
}

function replaced(bytes: Uint8Array, from: string, to: string): Uint8Array {
  return utf8(Buffer.from(bytes).toString('utf8').replace(from, to))
}

function encapsulation(seed: string): Randomness {
  return encapsulationRandomness(seededRandomness(seed).bytes(64))
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes[at] ?? 0) ^ 1)
}
