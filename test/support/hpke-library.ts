import { type AeadInterface, CipherSuite, HkdfSha256 } from '@hpke/core'
import { XWing } from '@hpke/hybridkem-x-wing'
import {
  AEAD_KEY_BYTES,
  AEAD_NONCE_BYTES,
  AEAD_TAG_BYTES,
  type AeadInput,
  opened,
  sealed,
} from '../../src/crypto/aead.ts'

type AeadContext = ReturnType<AeadInterface['createEncryptionContext']>
type Bytes = Parameters<AeadContext['seal']>[0]

/** ChaCha20-Poly1305 for @hpke/core, which itself brings AES only. */
export const libraryAead: AeadInterface = {
  id: 3,
  keySize: AEAD_KEY_BYTES,
  nonceSize: AEAD_NONCE_BYTES,
  tagSize: AEAD_TAG_BYTES,
  createEncryptionContext: (key) => contextOf(Uint8Array.from(view(key))),
}

const kem = new XWing()
const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: libraryAead })

/** `hpkeSeal` as a library has it, by given 64 bytes. */
export async function librarySeal(
  plain: Uint8Array,
  to: { readonly publicKey: Uint8Array; readonly info: Uint8Array; readonly encapsulationSeed: Uint8Array },
): Promise<Uint8Array> {
  const recipientPublicKey = await kem.deserializePublicKey(Uint8Array.from(to.publicKey))
  const ekm = Uint8Array.from(to.encapsulationSeed)
  const sender = await suite.createSenderContext({ recipientPublicKey, info: to.info, ekm })
  return new Uint8Array([...new Uint8Array(sender.enc), ...new Uint8Array(await sender.seal(plain))])
}

/** `hpkeOpen` as a library has it; it throws where that returns nothing. */
export async function libraryOpen(
  bytes: Uint8Array,
  by: { readonly seed: Uint8Array; readonly info: Uint8Array },
): Promise<Uint8Array> {
  const recipientKey = await kem.deserializePrivateKey(Uint8Array.from(by.seed))
  const recipient = await suite.createRecipientContext({ recipientKey, info: by.info, enc: bytes.slice(0, 1120) })
  return new Uint8Array(await recipient.open(bytes.slice(1120)))
}

/** `hpkePublicKey` as a library has it. */
export async function libraryPublicKey(seed: Uint8Array): Promise<Uint8Array> {
  const { publicKey } = await kem.generateKeyPairDerand(Uint8Array.from(seed))
  return new Uint8Array(await kem.serializePublicKey(publicKey))
}

function contextOf(key: Uint8Array): AeadContext {
  const input = (nonce: Bytes, aad: Bytes): AeadInput => ({ key, nonce: view(nonce), associatedData: view(aad) })
  return {
    seal: async (nonce, data, aad) => owned(sealed(view(data), input(nonce, aad))),
    open: async (nonce, data, aad) => {
      const plain = opened(view(data), input(nonce, aad))
      if (plain === undefined) throw new Error('the tag does not fit')
      return owned(plain)
    },
  }
}

function view(bytes: Bytes): Uint8Array {
  return ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes)
}

function owned(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
