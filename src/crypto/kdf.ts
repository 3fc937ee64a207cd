import { KeyError } from '../base/errors.ts'

export interface KdfParameters {
  readonly memoryKib: number
  /** Passes over the memory. */
  readonly passes: number
  readonly lanes: number
}

/** RFC 9106's second recommended option: about a tenth of a second. */
export const KDF_DEFAULT: KdfParameters = { memoryKib: 64 << 10, passes: 3, lanes: 4 }
export const KDF_MEMORY_KIB_MIN = 8 << 10
export const KDF_MEMORY_KIB_MAX = 4 << 20
const KDF_PASSES_MAX = 20
const KDF_LANES_MAX = 16

function within(value: number, low: number, high: number): boolean {
  return Number.isSafeInteger(value) && value >= low && value <= high
}

/**
 * Refuses parameters that nobody sane wrote: a slot from a hostile store must not take all memory or hours.
 * @throws {KeyError} KDF_BOUNDS
 */
export function checkKdfParameters(parameters: KdfParameters): void {
  const { memoryKib, passes, lanes } = parameters
  const inBounds =
    within(memoryKib, KDF_MEMORY_KIB_MIN, KDF_MEMORY_KIB_MAX) &&
    within(passes, 1, KDF_PASSES_MAX) &&
    within(lanes, 1, KDF_LANES_MAX)
  if (inBounds) return
  throw new KeyError(
    'KDF_BOUNDS',
    `Argon2id with ${memoryKib} KiB, ${passes} passes and ${lanes} lanes is out of bounds`,
    {
      context: { memoryKib, passes, lanes },
      hint: 'Memory may be 8 MiB to 4 GiB, passes 1 to 20, lanes 1 to 16.',
    },
  )
}

/**
 * Returns the Argon2id (RFC 9106, version 1.3) of `password` and `salt`: 32 bytes; the caller wipes them.
 *
 * Runs in a thread of its own; the native module is loaded here, by whoever needs it first.
 * @throws {KeyError} KDF_BOUNDS
 */
export async function argon2id(
  input: { readonly password: Uint8Array; readonly salt: Uint8Array },
  parameters: KdfParameters,
): Promise<Uint8Array> {
  checkKdfParameters(parameters)
  // The copies are made before anything is awaited: the caller may wipe its own at once.
  const password = Uint8Array.from(input.password)
  const salt = Buffer.from(input.salt)
  try {
    const { hash, argon2id: type } = await import('argon2')
    // It takes what Buffer.from takes: of a buffer that makes a copy which nobody wipes, of an ArrayBuffer a view.
    return await hash(password.buffer as unknown as Buffer, {
      raw: true,
      type,
      salt,
      hashLength: 32,
      memoryCost: parameters.memoryKib,
      timeCost: parameters.passes,
      parallelism: parameters.lanes,
    })
  } finally {
    password.fill(0)
  }
}
