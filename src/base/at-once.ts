/**
 * Calls `use` for all items, `atOnce` of them at a time, in the order in which they come. The first failure ends it, once
 * those under way have ended, and is thrown.
 */
export async function forEachAtOnce<T>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  use: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  let failed = false
  const work = async (): Promise<void> => {
    try {
      while (!failed) {
        const next = await iterator.next()
        if (next.done === true) return
        await use(next.value)
      }
    } catch (error) {
      failed = true
      throw error
    }
  }
  const results = await Promise.allSettled(Array.from({ length: Math.max(1, atOnce) }, work))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
