import type { Json } from './job.ts'

/** Returns what a line of a command's output says as JSON; `undefined` where it is none, or no object. */
export function parseEvent(line: string): Readonly<Record<string, Json>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Readonly<Record<string, Json>>) : undefined
  } catch {
    return undefined
  }
}
