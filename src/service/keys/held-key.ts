import { concatBytes, utf8 } from '../../base/bytes.ts'
import { KeyError } from '../../base/errors.ts'
import { parseObjectId } from '../../base/ids.ts'
import type { DerivedSlotKey, OpeningKey, SlotSecret } from '../../repository/slot-key.ts'
import { CREDENTIAL_KINDS, type CredentialKind } from '../secret-source.ts'

/**
 * What opens a repository while it is unlocked: the key of one slot, and the credentials of its store that are sealed with
 * the password, which is not kept itself.
 */
export interface HeldKey extends DerivedSlotKey {
  readonly credentials: ReadonlyMap<CredentialKind, Uint8Array>
}

/** What opens one repository: what a person or a machine has, or what an unlocked daemon keeps. */
export type GivenSecret = SlotSecret | HeldKey

/** No key with all its credentials is longer. */
export const HELD_KEY_BYTES_MAX = 64 << 10
const SLOT_DIGITS = 64
const KEY_BYTES_MAX = 64
const CREDENTIAL_BYTES_MAX = 8 << 10

/**
 * Returns a held key as it crosses the socket and as it is kept: the slot in hexadecimal, then the key and the credentials in
 * the order of CREDENTIAL_KINDS, each behind two bytes of its length, the lower first, which is 0 for what there is not.
 * The caller wipes both.
 */
export function encodeHeldKey({ slot, bytes, credentials }: HeldKey): Uint8Array {
  const parts = [bytes, ...CREDENTIAL_KINDS.map((kind) => credentials.get(kind) ?? new Uint8Array(0))]
  return concatBytes(utf8(slot), ...parts.flatMap((part) => [lengthOf(part), part]))
}

/**
 * Decodes a held key; its bytes are copies, the caller's to wipe.
 *
 * @throws {KeyError} WRONG_KEY: it is none.
 */
export function decodeHeldKey(encoded: Uint8Array): HeldKey {
  const { credentials, ...key } = viewHeldKey(encoded)
  const copies = [...credentials].map(([kind, bytes]) => [kind, Uint8Array.from(bytes)] as const)
  // A buffer's own slice would be no copy.
  return { ...key, bytes: Uint8Array.from(key.bytes), credentials: new Map(copies) }
}

/**
 * Returns a held key as it lies in `encoded`: its bytes are views, and copied nowhere.
 *
 * @throws {KeyError} WRONG_KEY: it is none.
 */
export function viewHeldKey(encoded: Uint8Array): HeldKey {
  const slot = parseObjectId(Buffer.from(encoded.subarray(0, SLOT_DIGITS)).toString('latin1'))
  const parts = partsOf(encoded.subarray(SLOT_DIGITS))
  const [bytes, ...others] = parts ?? []
  if (slot === undefined || bytes === undefined || others.length !== CREDENTIAL_KINDS.length) throw notHeld()
  if (bytes.byteLength === 0 || bytes.byteLength > KEY_BYTES_MAX) throw notHeld()
  const credentials = new Map<CredentialKind, Uint8Array>()
  for (const [index, kind] of CREDENTIAL_KINDS.entries()) {
    const credential = others[index]
    if (credential === undefined || credential.byteLength > CREDENTIAL_BYTES_MAX) throw notHeld()
    if (credential.byteLength > 0) credentials.set(kind, credential)
  }
  return { kind: 'derived', slot, bytes, credentials }
}

/** Returns a copy, which the caller wipes. */
export function copyHeldKey({ credentials, ...key }: HeldKey): HeldKey {
  const copies = [...credentials].map(([kind, bytes]) => [kind, bytes.slice()] as const)
  return { ...key, bytes: key.bytes.slice(), credentials: new Map(copies) }
}

export function wipeHeldKey({ bytes, credentials }: HeldKey): void {
  for (const secret of [bytes, ...credentials.values()]) secret.fill(0)
}

/** Returns a copy, which the caller wipes. */
export function copyGiven(given: GivenSecret): GivenSecret {
  return given.kind === 'derived' ? copyHeldKey(given) : { ...given, bytes: given.bytes.slice() }
}

export function wipeGiven(given: GivenSecret | undefined): void {
  if (given?.kind === 'derived') wipeHeldKey(given)
  else given?.bytes.fill(0)
}

/** Returns what opens the repository itself; its credentials are wiped. */
export function openingKeyOf(given: GivenSecret): OpeningKey {
  if (given.kind !== 'derived') return given
  const { credentials, ...key } = given
  for (const credential of credentials.values()) credential.fill(0)
  return key
}

function lengthOf({ byteLength }: Uint8Array): Uint8Array {
  return Uint8Array.of(byteLength & 0xff, byteLength >> 8)
}

/** Views of all parts, or `undefined` when the last one is cut off. */
function partsOf(bytes: Uint8Array): Uint8Array[] | undefined {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
    const part = bytes.subarray(at + 2, at + 2 + length)
    if (at + 2 + length > bytes.byteLength) return undefined
    parts.push(part)
    at += 2 + length
  }
  return parts
}

/** Returns the error of bytes that are no held key. */
export function notHeld(): KeyError {
  return new KeyError('WRONG_KEY', 'what came over the control socket is no key', {
    hint: 'Daemon and command are of different versions: restart the daemon.',
  })
}
