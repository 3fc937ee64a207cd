import type { webcrypto } from 'node:crypto'

/** Names that the types of @hpke/core expect of a browser's library. */
declare global {
  type CryptoKey = webcrypto.CryptoKey
  type CryptoKeyPair = webcrypto.CryptoKeyPair
}
