/** Looking for what somebody remembers only in part. */

const AT_START = 8
const AT_WORD = 5
const IN_A_ROW = 3

/**
 * Returns how well `text` holds the letters of `query` in their order, `undefined` when it does not. Letters at the
 * beginning of words and next to each other count more; among equals the shorter text is the better one.
 */
export function fuzzyScore(query: string, text: string): number | undefined {
  const letters = Array.from(query.toLowerCase()).filter((letter) => letter !== ' ')
  const within = text.toLowerCase()
  let score = 0
  let from = 0
  for (const letter of letters) {
    const found = within.indexOf(letter, from)
    if (found < 0) return undefined
    const wordStart = wordStartOf(within, letter, from)
    const at = wordStart ?? found
    score += at === 0 ? AT_START : wordStart !== undefined ? AT_WORD : 1
    if (at === from && from > 0) score += IN_A_ROW
    from = at + letter.length
  }
  return score - within.length / 100
}

/** Returns where a word begins with `letter` and nothing but letters in a row are skipped on the way to it. */
function wordStartOf(text: string, letter: string, from: number): number | undefined {
  if (text.startsWith(letter, from)) return from === 0 || text[from - 1] === ' ' ? from : undefined
  const at = text.indexOf(` ${letter}`, Math.max(0, from - 1))
  return at < 0 ? undefined : at + 1
}

/** Returns the items that hold `query`, best first; all in their order while it is empty. */
export function fuzzySearch<T>(query: string, items: readonly T[], textOf: (item: T) => string): readonly T[] {
  return items
    .map((item) => ({ item, score: fuzzyScore(query, textOf(item)) }))
    .filter((found): found is { item: T; score: number } => found.score !== undefined)
    .sort((a, b) => (query === '' ? 0 : b.score - a.score))
    .map(({ item }) => item)
}
