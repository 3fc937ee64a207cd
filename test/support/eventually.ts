import { vi } from 'vitest'

const ASK_MS = 200
/** Far more than anything takes, however busy the machine is. */
const WAIT_MS_MAX = 120_000

/** Asks again until the answer is what is wanted, or a time has passed; returns the last one. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
  msMax = WAIT_MS_MAX,
): Promise<T> {
  for (const end = Date.now() + msMax; ;) {
    const answer = await ask()
    if (isWanted(answer) || Date.now() > end) return answer
    await new Promise((resolve) => setTimeout(resolve, ASK_MS))
  }
}

/** Waits until a check passes; fails with what it failed with last. */
export async function passes(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: WAIT_MS_MAX, interval: 20 })
}
