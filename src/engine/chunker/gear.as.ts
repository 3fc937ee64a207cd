// AssemblyScript, compiled by `npm run build:gear` into gear-wasm.ts.

/** Bytes of the table of 256 32-bit words, which lies at address 0. */
export const tableBytes: i32 = 1024

/**
 * Returns how many of the `length` bytes from `start` come before the first place where the gear hash has no bit of
 * `mask`, or `length` when there is none. `before` bytes ahead of `start` belong to the hash already.
 *
 * Four bytes a turn: the loop is bound by its own overhead otherwise (measured 1600 MB/s against 1000).
 */
export function cut(start: usize, length: i32, before: i32, mask: i32): i32 {
  let hash: i32 = 0
  for (let at = start - before; at < start; at++) hash = (hash << 1) + load<i32>((<usize>load<u8>(at)) << 2)
  const unrolled = length & ~3
  let i = 0
  while (i < unrolled) {
    const at = start + i
    hash = (hash << 1) + load<i32>((<usize>load<u8>(at)) << 2)
    if ((hash & mask) == 0) return i
    hash = (hash << 1) + load<i32>((<usize>load<u8>(at, 1)) << 2)
    if ((hash & mask) == 0) return i + 1
    hash = (hash << 1) + load<i32>((<usize>load<u8>(at, 2)) << 2)
    if ((hash & mask) == 0) return i + 2
    hash = (hash << 1) + load<i32>((<usize>load<u8>(at, 3)) << 2)
    if ((hash & mask) == 0) return i + 3
    i += 4
  }
  for (; i < length; i++) {
    hash = (hash << 1) + load<i32>((<usize>load<u8>(start + i)) << 2)
    if ((hash & mask) == 0) return i
  }
  return length
}
