import sodium from 'sodium-native'

/** Overwrites every byte of `secrets` with zero, in a way that no optimiser leaves out. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) sodium.sodium_memzero(secret)
}

/**
 * Moves `bytes` to memory of their own for a key that lives long: outside the heap that the collector copies around,
 * between guard pages, not swapped where the system allows that. `bytes` are wiped.
 *
 * The memory goes back to the system, wiped, once nothing refers to the returned array.
 */
export function keepSecret(bytes: Uint8Array): Uint8Array {
  const kept = sodium.sodium_malloc(bytes.byteLength)
  kept.set(bytes)
  wipe(bytes)
  return kept
}
