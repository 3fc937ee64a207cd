import { formatBytes, formatDuration } from '../../base/format.ts'
import { formatCount, numberOf } from '../../base/number-of.ts'
import type { Json, LogSource } from '../jobs/job.ts'
import { parseEvent } from '../jobs/parse-event.ts'

/** No event of docs/json.md is deeper. */
const DEPTH_MAX = 4
/** Names of most figures are shorter. */
const NAME_COLUMNS = 20

/** One thing that an event says: a name in words, and a value as people read it; what is a name alone, or a value, lacks the other. */
interface Figure {
  readonly name: string
  readonly value: string
}

/**
 * Returns a line of a job's log as people read it: an event of a command in words, all else as it is.
 *
 * `{"type":"summary","filesNew":2,"bytesStored":2048,"errors":0}` is `summary: files new 2, bytes stored 2.0 KiB`.
 */
export function logText(from: LogSource, text: string): string {
  const event = eventOf(from, text)
  if (event === undefined) return text
  const words = event.figures.map(({ name, value }) => [name, value].filter((word) => word !== '').join(' '))
  return `${event.type}: ${words.join(', ')}`
}

/** As `logText`, on as many lines as there is to say: of a summary each figure on one of its own. */
export function logLines(from: LogSource, text: string): readonly string[] {
  const event = eventOf(from, text)
  if (event?.type !== 'summary') return [logText(from, text)]
  return ['summary', ...event.figures.map(({ name, value }) => `  ${name.padEnd(NAME_COLUMNS)} ${value}`.trimEnd())]
}

function eventOf(
  from: LogSource,
  text: string,
): { readonly type: string; readonly figures: readonly Figure[] } | undefined {
  const { type, ...fields } = (from === 'out' ? parseEvent(text) : undefined) ?? {}
  return typeof type === 'string' ? { type, figures: figuresOf(fields, []) } : undefined
}

/** Returns the fields of an event; what is nothing is left out. */
function figuresOf(value: Json, names: readonly string[]): readonly Figure[] {
  if (names.length > DEPTH_MAX) return [{ name: '…', value: '' }]
  if (Array.isArray(value)) return value.flatMap((each: Json) => figuresOf(each, names))
  if (typeof value !== 'object' || value === null) return oneOf(value, names)
  const { entries, bytes, ...others } = value as Readonly<Record<string, Json>>
  if (typeof entries !== 'number' || typeof bytes !== 'number' || Object.keys(others).length > 0) {
    return Object.entries(value).flatMap(([name, each]) => figuresOf(each, [...names, name]))
  }
  if (entries === 0) return []
  return [
    { name: inWords(names.at(-1) ?? ''), value: `${numberOf(entries, 'entry', 'entries')}, ${formatBytes(bytes)}` },
  ]
}

function oneOf(value: null | boolean | number | string, names: readonly string[]): readonly Figure[] {
  const last = names.at(-1) ?? ''
  if (value === null || value === false || value === 0 || value === '') return []
  // What is a path in base64 is said as text beside it.
  if (typeof value === 'string' && last.endsWith('Bytes')) return []
  const name = names.map(inWords).join(' ')
  if (value === true) return [{ name, value: '' }]
  if (typeof value === 'string') return [{ name: last === 'message' ? '' : name, value }]
  if (/^bytes|Bytes$/.test(last)) return [{ name, value: formatBytes(value) }]
  if (last.endsWith('Ms')) return [{ name: name.slice(0, -' ms'.length), value: formatDuration(value) }]
  if (last.endsWith('Seconds')) {
    return [{ name: name.slice(0, -' seconds'.length), value: formatDuration(value * 1000) }]
  }
  return [{ name, value: formatCount(value) }]
}

/** `filesNew` is `files new`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
