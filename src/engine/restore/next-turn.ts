/** Lets whatever has arrived meanwhile, such as answers of threads, be dealt with first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
