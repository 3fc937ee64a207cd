import type { Problem } from './problem.ts'

/** A value of the port on its way to the screen. Asked for again, the old one stays until the new one is there. */
export type Loaded<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly value: T }
  | { readonly kind: 'failed'; readonly problem: Problem }

export const LOADING = { kind: 'loading' } as const

export function ready<T>(value: T): Loaded<T> {
  return { kind: 'ready', value }
}

/** Returns what is known after asking failed: what was known before, otherwise why there is nothing. */
export function afterFailure<T>(before: Loaded<T>, problem: Problem): Loaded<T> {
  return before.kind === 'ready' ? before : { kind: 'failed', problem }
}

/** Returns the value, or `otherwise` while there is none. */
export function valueOr<T>(loaded: Loaded<T>, otherwise: T): T {
  return loaded.kind === 'ready' ? loaded.value : otherwise
}
