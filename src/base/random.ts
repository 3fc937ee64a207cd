import { randomFillSync } from 'node:crypto'

/** Where random bytes come from; injected, so that tests can seed it. */
export interface Randomness {
  /** Returns `length` fresh bytes; the caller owns them. */
  bytes(length: number): Uint8Array
}

/** The operating system's generator: the only one fit for keys. */
export const systemRandomness: Randomness = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
}
