import type { CipherSuite } from '@hpke/core'
import type { XWing } from '@hpke/hybridkem-x-wing'
import { assert } from '../base/assert.ts'
import { concatBytes } from '../base/bytes.ts'
import type { Randomness } from '../base/random.ts'
import { AEAD_TAG_BYTES } from './aead.ts'
import { wipe } from './secret.ts'

export const HPKE_SEED_BYTES = 32
const HPKE_PUBLIC_KEY_BYTES = 1216
const HPKE_ENCAPSULATION_BYTES = 1120
const ENCAPSULATION_SEED_BYTES = 64

interface Suite {
  readonly kem: XWing
  readonly suite: CipherSuite
}
let suite: Promise<Suite> | undefined

// Loading costs 20 to 80 ms, which a command that seals nothing must not pay.
async function load(): Promise<Suite> {
  const [core, xWing, aead] = await Promise.all([
    import('@hpke/core'),
    import('@hpke/hybridkem-x-wing'),
    import('./hpke-aead.ts'),
  ])
  const kem = new xWing.XWing()
  return {
    kem,
    suite: new core.CipherSuite({ kem, kdf: new core.HkdfSha256(), aead: aead.hpkeChaCha20Poly1305 }),
  }
}

/**
 * Loads what sealing needs, once; callers that will need it soon start it early and need not wait for it.
 */
export async function loadHpke(): Promise<Suite> {
  suite ??= load()
  return suite
}

/** Returns the 1216-byte public key of a 32-byte seed, which is the private key itself. */
export async function hpkePublicKey(seed: Uint8Array): Promise<Uint8Array> {
  assert(seed.byteLength === HPKE_SEED_BYTES, 'an HPKE seed has 32 bytes')
  const { kem } = await loadHpke()
  const { publicKey } = await kem.generateKeyPairDerand(Uint8Array.from(seed))
  return Uint8Array.from(new Uint8Array(await kem.serializePublicKey(publicKey)))
}

/**
 * Seals `plain` to a public key with HPKE (RFC 9180) in base mode: encapsulation, ciphertext, tag.
 *
 * Suite: X-Wing (MLKEM768-X25519, 0x647A), HKDF-SHA256, ChaCha20-Poly1305; no associated data. A caller that was
 * given the public key by somebody else has its length checked before: 1216 bytes.
 */
export async function hpkeSeal(
  plain: Uint8Array,
  to: { readonly publicKey: Uint8Array; readonly info: Uint8Array; readonly randomness: Randomness },
): Promise<Uint8Array> {
  assert(to.publicKey.byteLength === HPKE_PUBLIC_KEY_BYTES, 'an HPKE public key has 1216 bytes')
  const { kem, suite } = await loadHpke()
  const ekm = to.randomness.bytes(ENCAPSULATION_SEED_BYTES)
  const recipientPublicKey = await kem.deserializePublicKey(Uint8Array.from(to.publicKey))
  const sender = await suite.createSenderContext({ recipientPublicKey, info: to.info, ekm })
  wipe(ekm)
  const ciphertext = await sender.seal(plain)
  return concatBytes(new Uint8Array(sender.enc), new Uint8Array(ciphertext))
}

/** Opens what `hpkeSeal` made, or returns `undefined` when it was not made for this seed and `info`. */
export async function hpkeOpen(
  sealed: Uint8Array,
  by: { readonly seed: Uint8Array; readonly info: Uint8Array },
): Promise<Uint8Array | undefined> {
  assert(by.seed.byteLength === HPKE_SEED_BYTES, 'an HPKE seed has 32 bytes')
  if (sealed.byteLength < HPKE_ENCAPSULATION_BYTES + AEAD_TAG_BYTES) return undefined
  const { kem, suite } = await loadHpke()
  const recipientKey = await kem.deserializePrivateKey(Uint8Array.from(by.seed))
  try {
    const recipient = await suite.createRecipientContext({
      recipientKey,
      enc: Uint8Array.from(sealed.subarray(0, HPKE_ENCAPSULATION_BYTES)),
      info: by.info,
    })
    return new Uint8Array(await recipient.open(Uint8Array.from(sealed.subarray(HPKE_ENCAPSULATION_BYTES))))
  } catch {
    // X-Wing rejects implicitly, so a forged encapsulation surfaces as a tag that does not fit.
    return undefined
  }
}
