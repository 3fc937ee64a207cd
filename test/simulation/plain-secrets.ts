import type * as secret from '../../src/crypto/secret.ts'

/** Secrets in ordinary memory: thousands of processes are simulated in one, and guarded pages are few. */
export function plainSecrets(original: typeof secret): typeof secret {
  return {
    ...original,
    keepSecret: (bytes) => {
      const kept = bytes.slice()
      original.wipe(bytes)
      return kept
    },
  }
}
