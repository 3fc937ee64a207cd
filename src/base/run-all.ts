/** Runs tasks, `concurrency` at once; the first failure ends it, once those under way have ended. */
export async function runAll(tasks: Iterable<() => Promise<void>>, concurrency: number): Promise<void> {
  const queue = tasks[Symbol.iterator]()
  let failed = false
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true && !failed; next = queue.next()) {
      try {
        await next.value()
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: Math.max(1, concurrency) }, worker))
  const failure = ended.find((end) => end.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
