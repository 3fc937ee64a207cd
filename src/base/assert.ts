import { AssertionError } from 'node:assert'

/** Throws an `AssertionError`, which is a bug in Tidemark, when `condition` does not hold. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError({ message, stackStartFn: assert })
}

/** Returns `value`, which the caller knows to be there; anything else is a bug in Tidemark. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) {
    throw new AssertionError({ message: `${what} is missing`, stackStartFn: present })
  }
  return value
}

/** Marks a switch as exhaustive: the compiler refuses a call that can be reached. */
export function unreachable(value: never): never {
  throw new AssertionError({ message: `unexpected ${String(value)}`, stackStartFn: unreachable })
}
