export interface AheadOptions<T> {
  /** How many are under way at most. */
  readonly atOnce: number
  /** What an item weighs; those under way weigh no more than `weightMax` in all, but one is always begun. */
  readonly weigh: (item: T) => number
  readonly weightMax: number
}

/** An item, and what becomes of it. */
export interface Begun<T, R> {
  readonly item: T
  readonly result: Promise<R>
}

/** Begins items before it is their turn, and gives them in their order. What was begun has settled when this ends. */
export async function* ahead<T, R>(
  items: Iterable<T>,
  begin: (item: T) => Promise<R>,
  { atOnce, weigh, weightMax }: AheadOptions<T>,
): AsyncGenerator<Begun<T, R>> {
  const begun: Begun<T, R>[] = []
  let weight = 0
  const finish = ({ item }: Begun<T, R>): void => {
    begun.shift()
    weight -= weigh(item)
  }
  try {
    for (const item of items) {
      const more = weigh(item)
      for (let first = begun[0]; first !== undefined; first = begun[0]) {
        if (begun.length < atOnce && weight + more <= weightMax) break
        yield first
        finish(first)
      }
      const result = begin(item)
      // Whoever is given it hears of it.
      result.catch(() => undefined)
      begun.push({ item, result })
      weight += more
    }
    for (let first = begun[0]; first !== undefined; first = begun[0]) {
      yield first
      finish(first)
    }
  } finally {
    await Promise.allSettled(begun.map(({ result }) => result))
  }
}
