import type { JobProgress, Json } from './job.ts'

type Event = Readonly<Record<string, Json>>

/**
 * Returns how far a command is, out of its event `progress`, whichever command it is; what is not as docs/json.md has it
 * counts as nothing.
 */
export function progressOf(command: string, event: Event, atMs: number): JobProgress {
  const { step, path } = event
  const counted = step === 'data' ? { bytes: count(event, 'done'), bytesTotal: count(event, 'total') } : undefined
  const isFinal = event['scanned'] !== false && event['planned'] !== false
  const total = (...names: readonly string[]): number | undefined => {
    const value = isFinal ? count(event, ...names) : undefined
    return value === 0 ? undefined : value
  }
  return {
    atMs,
    step: typeof step === 'string' ? step : command,
    bytesDone: counted?.bytes ?? count(event, 'bytesDone', 'bytesRead') ?? 0,
    bytesTotal: counted === undefined ? total('bytesFound', 'bytesTotal') : counted.bytesTotal || undefined,
    itemsDone: counted === undefined ? (count(event, 'pointsDone', 'filesDone', 'entriesDone', 'done') ?? 0) : 0,
    itemsTotal: counted === undefined ? total('pointsTotal', 'filesFound', 'entriesTotal', 'total') : undefined,
    path: typeof path === 'string' ? path : undefined,
  }
}

/** Returns the first of these fields that is a count. */
function count(event: Event, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = event[name]
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  }
  return undefined
}
