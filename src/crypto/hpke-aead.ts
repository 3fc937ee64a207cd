import type { AeadInterface } from '@hpke/core'
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadInput, opened, sealed } from './aead.ts'

type AeadContext = ReturnType<AeadInterface['createEncryptionContext']>
type Bytes = Parameters<AeadContext['seal']>[0]

function view(bytes: Bytes): Uint8Array {
  return ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes)
}

function owned(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(copy).set(bytes)
  return copy
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

/** ChaCha20-Poly1305 for @hpke/core, which itself brings AES only. */
export const hpkeChaCha20Poly1305: AeadInterface = {
  id: 3,
  keySize: AEAD_KEY_BYTES,
  nonceSize: AEAD_NONCE_BYTES,
  tagSize: AEAD_TAG_BYTES,
  createEncryptionContext: (key) => contextOf(Uint8Array.from(view(key))),
}
