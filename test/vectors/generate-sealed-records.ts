import { concatBytes } from '../../src/base/bytes.ts'
import { hexId, type RealmId, type RepositoryId, type RunId } from '../../src/base/ids.ts'
import { sign, signingKeyPair } from '../../src/crypto/ed25519.ts'
import { encodeRecordBody } from '../../src/format/record-codec.ts'
import { instanceIdOf } from '../../src/repository/instance-key.ts'
import { openKeyRing } from '../../src/repository/key-ring.ts'
import { sealRecord } from '../../src/repository/record-seal.ts'
import { certifyInstance } from '../../src/repository/signing.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'
import { broken, counting, jsonOf, type VectorFile } from './vector-file.ts'

const repository = hexId<RepositoryId>(counting(16, 0xa0))
const realm = hexId<RealmId>(counting(12, 0xc0))

/** Whole objects: the record of an instance, and one that it signed. */
export function generate(): VectorFile[] {
  const said = { repository, realm, masterKeys: jsonOf([counting(32, 0x10)]), ownerSeed: jsonOf(counting(32, 0x90)) }
  const ring = openKeyRing(
    {
      kind: 'full',
      ownerSeed: counting(32, 0x90),
      generations: [counting(32, 0x10)],
      realms: [{ id: realm, name: 'home' }],
    },
    seededRandomness('sealed records'),
  )
  const pair = signingKeyPair(counting(32, 0xb0))
  const id = instanceIdOf(pair.publicKey)
  const signer = { id, sign: (message: Uint8Array) => sign(message, pair.secretKey) }
  const forger = { id, sign: (message: Uint8Array) => sign(message, signingKeyPair(counting(32)).secretKey) }
  const created = { seconds: 1_700_000_000, nanoseconds: 0 }
  const about = {
    instance: id,
    name: 'laptop',
    host: 'laptop.example',
    user: 'ada',
    publicKey: pair.publicKey,
    created,
  }
  const input = { repository, realm: ring.realm(), signer, salt: counting(32, 0xe0) }
  const run = { run: hexId<RunId>(counting(16, 0x70)), instance: id, counter: 3, started: created }
  const instance = certifyInstance(ring, repository, about)
  const instanceBytes = concatBytes(
    ...sealRecord(encodeRecordBody('instances', instance), { ...input, kind: 'instances' }).parts,
  )
  const body = encodeRecordBody('runs', run)
  const bytes = concatBytes(...sealRecord(body, { ...input, kind: 'runs' }).parts)
  const forged = concatBytes(...sealRecord(body, { ...input, kind: 'runs', signer: forger }).parts)
  // What a record of a run says without the record of its instance cannot be verified.
  const known = { ...said, kind: 'runs', instanceRecord: jsonOf(instanceBytes) }
  const plain = (name: string, description: string, more: VectorFile['content'] | object): VectorFile => ({
    path: `sealed-record/${name}.json`,
    content: { description, ...more },
  })
  return [
    plain('instance', 'The object of an instance, certified by the owner.', {
      ...known,
      kind: 'instances',
      record: jsonOf(instance),
      bytes: jsonOf(instanceBytes),
    }),
    plain('run', 'The object of a run, signed by that instance.', {
      ...known,
      record: jsonOf(run),
      bytes: jsonOf(bytes),
    }),
    broken('sealed-record/forged-signature.json', forged, 'BAD_SIGNATURE', known),
    broken('sealed-record/ciphertext.json', bytes.with(60, (bytes[60] ?? 0) ^ 1), 'AUTH_FAILED', known),
    broken('sealed-record/salt.json', bytes.with(30, (bytes[30] ?? 0) ^ 1), 'AUTH_FAILED', known),
    broken('sealed-record/other-repository.json', bytes, 'AUTH_FAILED', { ...known, repository: 'ff'.repeat(16) }),
    broken('sealed-record/other-kind.json', bytes, 'MALFORMED', { ...known, kind: 'notes' }),
    broken('sealed-record/unknown-generation.json', bytes.with(20, 9), 'WRONG_KEY', known),
    broken('sealed-record/unknown-realm.json', bytes.with(8, 9), 'WRONG_KEY', known),
    broken('sealed-record/cut-short.json', bytes.subarray(0, 71), 'MALFORMED', known),
  ]
}
