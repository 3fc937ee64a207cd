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
  if (event['storing'] === true) return storing(event, atMs)
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

/** All is read: what is left to be done is what the store has not got yet. */
function storing(event: Event, atMs: number): JobProgress {
  const bytesDone = count(event, 'bytesStored') ?? 0
  return {
    ...{ atMs, step: 'storing', path: undefined, bytesDone },
    bytesTotal: bytesDone + (count(event, 'bytesWaiting') ?? 0) || undefined,
    itemsDone: count(event, 'filesDone') ?? 0,
    itemsTotal: count(event, 'filesFound'),
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
