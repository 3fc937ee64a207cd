/** A line of a comparison: in both versions, only in the old one, only in the new one. */
export interface DiffLine {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** Table cells beyond which only what surrounds the difference is found: two thousand lines against as many. */
const CELLS_MAX = 4_000_000

/**
 * Returns how lines became others, by their longest common subsequence between equal beginnings and ends.
 *
 * Very long differences are told as everything old out and everything new in.
 */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end++
  }
  const old = before.slice(start, before.length - end)
  const now = after.slice(start, after.length - end)
  return [
    ...before.slice(0, start).map(same),
    ...(old.length * now.length > CELLS_MAX ? replaced(old, now) : betweenEnds(old, now)),
    ...before.slice(before.length - end).map(same),
  ]
}

function same(text: string): DiffLine {
  return { sign: ' ', text }
}

function replaced(old: readonly string[], now: readonly string[]): readonly DiffLine[] {
  return [...old.map((text) => ({ sign: '-', text }) as const), ...now.map((text) => ({ sign: '+', text }) as const)]
}

function betweenEnds(old: readonly string[], now: readonly string[]): readonly DiffLine[] {
  const width = now.length + 1
  // common[i * width + j]: length of what old from i on and now from j on have in common.
  const common = new Uint32Array((old.length + 1) * width)
  const at = (i: number, j: number): number => common[i * width + j] ?? 0
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      common[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const lines: DiffLine[] = []
  let i = 0
  let j = 0
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push(same(old[i] ?? ''))
      i++
      j++
    } else if (j === now.length || (i < old.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: '-', text: old[i++] ?? '' })
    } else {
      lines.push({ sign: '+', text: now[j++] ?? '' })
    }
  }
  return lines
}
