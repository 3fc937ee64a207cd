import type { CliContext } from './context.ts'

/** Calls `act`, which has the terminal to itself: what it warns of is said once it has ended, each warning once. */
export async function sayLater<T, C extends Pick<CliContext, 'output' | 'secrets'>>(
  context: C,
  act: (context: C) => Promise<T>,
): Promise<T> {
  const warnings = new Set<string>()
  const secrets = { ...context.secrets, warn: (text: string) => void warnings.add(text) }
  try {
    return await act({ ...context, secrets })
  } finally {
    for (const text of warnings) context.output.warning(text)
  }
}
