import { present } from '../base/assert.ts'
import { KeyError } from '../base/errors.ts'
import type { RealmId } from '../base/ids.ts'
import { hpkePublicKey } from '../crypto/hpke.ts'
import { wipe } from '../crypto/secret.ts'
import {
  type BackupKeySet,
  decodeKeySet,
  encodeKeySet,
  type FullKeySet,
  GENERATIONS_MAX,
  type KeySet,
  type NamedRealm,
  REALMS_MAX,
} from '../format/key-set.ts'
import type { BlobType } from '../format/pack.ts'
import { deriveChunkerSeed, deriveIdKey, deriveMetadataKey, deriveSealingSeed } from './key-tree.ts'

/**
 * Returns an encoded full key set with one generation more. Ownership: it is secret, and the caller wipes it.
 * @throws {KeyError} KEY_LIMIT: it has 64.
 */
export function withGeneration(keySet: Uint8Array, master: Uint8Array): Uint8Array {
  return changed(keySet, (set) => {
    if (set.generations.length === GENERATIONS_MAX) throw limit(`${GENERATIONS_MAX} generations of its keys`)
    return { ...set, generations: [...set.generations, master] }
  })
}

/**
 * Returns an encoded full key set with one realm more. Ownership: it is secret, and the caller wipes it.
 * @throws {KeyError} KEY_LIMIT: it has 32.
 */
export function withRealm(keySet: Uint8Array, realm: NamedRealm): Uint8Array {
  return changed(keySet, (set) => {
    if (set.realms.length === REALMS_MAX) throw limit(`${REALMS_MAX} realms`)
    return { ...set, realms: [...set.realms, realm] }
  })
}

/** Returns the encoded backup-only key set of one realm of a full one. It is secret, and the caller wipes it. */
export function backupOnlyOf(
  keySet: Uint8Array,
  of: { readonly realm: RealmId; readonly ownerPublicKey: Uint8Array },
): Uint8Array {
  const full = decodeFull(keySet)
  const realm = present(
    full.realms.find(({ id }) => id === of.realm),
    'the realm of a backup-only key',
  )
  const scopes = full.generations.map((master) => ({ master, realm: of.realm }))
  const first = present(scopes[0], 'the first generation')
  const sealingSeed = deriveSealingSeed(present(scopes.at(-1), 'the newest generation'))
  const idKey = (type: BlobType): Uint8Array => deriveIdKey(first, type)
  const set: BackupKeySet = {
    kind: 'backup-only',
    ownerPublicKey: of.ownerPublicKey,
    realm,
    metadataKeys: scopes.map(deriveMetadataKey),
    sealingPublicKey: hpkePublicKey(sealingSeed),
    idKeys: { data: idKey('data'), tree: idKey('tree'), list: idKey('list'), detail: idKey('detail') },
    chunkerSeed: deriveChunkerSeed(first),
  }
  const encoded = encodeKeySet(set)
  wipe(sealingSeed)
  wipeKeySet(full)
  wipeKeySet(set)
  return encoded
}

/** Overwrites all that is secret in a key set. */
function wipeKeySet(set: KeySet): void {
  if (set.kind === 'full') return wipe(set.ownerSeed, ...set.generations)
  const { data, tree, list, detail } = set.idKeys
  wipe(...set.metadataKeys, data, tree, list, detail, set.chunkerSeed)
}

function changed(keySet: Uint8Array, change: (set: FullKeySet) => FullKeySet): Uint8Array {
  const set = decodeFull(keySet)
  try {
    return encodeKeySet(change(set))
  } finally {
    wipeKeySet(set)
  }
}

function decodeFull(keySet: Uint8Array): FullKeySet {
  const set = decodeKeySet(keySet)
  if (set.kind === 'full') return set
  wipeKeySet(set)
  throw keyNotFull()
}

/** The error of a holder of a backup-only key who wants to change keys. */
export function keyNotFull(): KeyError {
  return new KeyError('KEY_NOT_FULL', 'a backup-only key cannot change the keys of a repository', {
    hint: 'Open the repository with a password, key file or recovery code of the owner.',
  })
}

function limit(what: string): KeyError {
  return new KeyError('KEY_LIMIT', `the repository has ${what}, which is all that its format allows`, {
    hint: 'Create a new repository and copy the points into it with `tidemark copy`.',
  })
}
