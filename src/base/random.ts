import { encapsulate, type KeyObject, randomFillSync } from 'node:crypto'

/** A secret for the holder of a private key, and what gives it to him. */
export interface Encapsulated {
  /** 32 bytes; the caller wipes them. */
  readonly sharedKey: Uint8Array
  readonly ciphertext: Uint8Array
}

/** Where random bytes come from; injected, so that tests can seed it. */
export interface Randomness {
  /** Returns `length` fresh bytes; the caller owns them. */
  bytes(length: number): Uint8Array
  /** Encapsulates a fresh secret to a public key of ML-KEM: a port of its own, since OpenSSL takes random bytes from nobody. */
  encapsulate(publicKey: KeyObject): Encapsulated
}

/** The operating system's generator: the only one fit for keys. */
export const systemRandomness: Randomness = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
  encapsulate: (publicKey) => encapsulate(publicKey),
}
