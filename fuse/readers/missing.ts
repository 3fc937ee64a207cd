/** What a request needs that is not in shared memory. */
export type Missing =
  /** The entries of a directory. */
  | { readonly kind: 'directory'; readonly node: number }
  /** Where the bytes of a file are. */
  | { readonly kind: 'layout'; readonly node: number }
  /** The key of a pack, row of the index of `epoch`, and where it lies. */
  | { readonly kind: 'pack'; readonly epoch: number; readonly row: number }
  /** The ciphertext of a frame, from a store that is not on this machine, and of those that come next. */
  | { readonly kind: 'frames'; readonly epoch: number; readonly frames: readonly number[] }
  /** A blob whose frame cannot be had. */
  | { readonly kind: 'blob'; readonly epoch: number; readonly id: Uint8Array; readonly node: number }
  /** An answer that only the main thread has: of what no point holds. */
  | { readonly kind: 'answer' }
  /** A free node: the kernel is to forget some first. */
  | { readonly kind: 'node' }
  /** A thread that does not wait is to come back: another is at it, or everything is in use. */
  | { readonly kind: 'moment' }

/** What came of a request: it has its reply, or it lacks something, or it fails with an error number. */
export type Outcome = 'replied' | Missing | number
