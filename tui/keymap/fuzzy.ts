/** Looking for what somebody remembers only in part. */

const AT_START = 8
const AT_WORD = 5
const IN_A_ROW = 3
/** For each letter of what stands there as it was typed, from the beginning of a word on: more than any letters apart. */
const AS_TYPED = 10

/**
 * Returns how well `text` holds the letters of `query` in their order, `undefined` when it does not. What stands there
 * as it was typed counts most, then letters at the beginning of words and next to each other; among equals the shorter
 * text is the better one.
 */
export function fuzzyScore(query: string, text: string): number | undefined {
  const sought = query.trim().toLowerCase()
  const within = text.toLowerCase()
  const score = asTyped(sought, within) ?? scattered(sought, within, true) ?? scattered(sought, within, false)
  return score === undefined ? undefined : score - within.length / 100
}

function asTyped(sought: string, within: string): number | undefined {
  const at = ` ${within}`.indexOf(` ${sought}`)
  return at < 0 ? undefined : AS_TYPED * sought.length + (at === 0 ? AT_START : 0)
}

/** `isByWords`: a letter is looked for at the beginning of words first, which may pass over the only place for the next. */
function scattered(sought: string, within: string, isByWords: boolean): number | undefined {
  let score = 0
  let from = 0
  for (const letter of Array.from(sought).filter((each) => each !== ' ')) {
    const found = within.indexOf(letter, from)
    if (found < 0) return undefined
    const wordStart = isByWords ? wordStartOf(within, letter, from) : undefined
    const at = wordStart ?? found
    score += at === 0 ? AT_START : wordStart !== undefined ? AT_WORD : 1
    if (at === from && from > 0) score += IN_A_ROW
    from = at + letter.length
  }
  return score
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
