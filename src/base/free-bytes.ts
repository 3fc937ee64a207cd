/**
 * Frees the memory that `bytes` is a view of, at once; all its views are empty from then on.
 *
 * For large memory of a thread's own: V8 makes little of what lies outside its heap, and comes to collect it late.
 */
export function freeBytes({ buffer }: Uint8Array): void {
  // Memory that threads share cannot be taken from them.
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
