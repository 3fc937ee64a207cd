const ASK_MS = 200

/** Asks again until the answer is what is wanted, or a time has passed; returns the last one. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
  msMax = 60_000,
): Promise<T> {
  for (const end = Date.now() + msMax; ;) {
    const answer = await ask()
    if (isWanted(answer) || Date.now() > end) return answer
    await new Promise((resolve) => setTimeout(resolve, ASK_MS))
  }
}
