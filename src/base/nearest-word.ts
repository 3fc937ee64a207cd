/** Words that differ by more than this share of their letters are not meant for each other. */
const DISTANCE_SHARE_MAX = 1 / 3
/** Nobody's word is longer; comparing takes time by the product of the lengths. */
const LETTERS_MAX = 64

/** Returns the word of `known` that somebody who wrote `word` most likely meant, or `undefined` where none is near. */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  if (word.length > LETTERS_MAX) return undefined
  let nearest: string | undefined
  let least = Infinity
  for (const candidate of known) {
    if (candidate.length > LETTERS_MAX) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance >= least || distance > Math.max(word.length, candidate.length) * DISTANCE_SHARE_MAX) continue
    nearest = candidate
    least = distance
  }
  return nearest
}

/**
 * Returns how many letters must be put in, left out, replaced or swapped with their neighbour to make `a` of `b`.
 *
 * @see https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance (optimal string alignment)
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min(replaced, at(last, j) + 1, at(row, j - 1) + 1)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwapped) least = Math.min(least, at(beforeLast, j - 2) + 1)
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
