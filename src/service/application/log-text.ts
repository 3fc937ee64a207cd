import { formatBytes, formatDuration } from '../../base/format.ts'
import { formatCount } from '../../base/number-of.ts'
import type { Json, LogSource } from '../jobs/job.ts'
import { parseEvent } from '../jobs/parse-event.ts'

/** No event of docs/json.md is deeper. */
const DEPTH_MAX = 4

/**
 * Returns a line of a job's log as people read it: an event of a command in words, all else as it is.
 *
 * `{"type":"summary","filesNew":2,"bytesStored":2048,"errors":0}` is `summary: files new 2, bytes stored 2.0 KiB`.
 */
export function logText(from: LogSource, text: string): string {
  const { type, ...fields } = (from === 'out' ? parseEvent(text) : undefined) ?? {}
  return typeof type === 'string' ? `${type}: ${wordsOf(fields, [])}` : text
}

/** Returns the fields of an event, each with its name; what is nothing is left out. */
function wordsOf(value: Json, names: readonly string[]): string {
  if (names.length > DEPTH_MAX) return '…'
  if (Array.isArray(value)) return joined(value.map((each: Json) => wordsOf(each, names)))
  if (typeof value !== 'object' || value === null) return oneOf(value, names)
  return joined(Object.entries(value).map(([name, each]) => wordsOf(each, [...names, name])))
}

function joined(words: readonly string[]): string {
  return words.filter((each) => each !== '').join(', ')
}

function oneOf(value: null | boolean | number | string, names: readonly string[]): string {
  const name = names.at(-1) ?? ''
  if (value === null || value === false || value === 0 || value === '') return ''
  // What is a path in base64 is said as text beside it.
  if (typeof value === 'string' && name.endsWith('Bytes')) return ''
  const words = names.map(inWords).join(' ')
  if (value === true) return words
  if (typeof value === 'string') return name === 'message' ? value : `${words} ${value}`
  if (/^bytes|Bytes$/.test(name)) return `${words} ${formatBytes(value)}`
  if (name.endsWith('Ms')) return `${words.slice(0, -' ms'.length)} ${formatDuration(value)}`
  if (name.endsWith('Seconds')) return `${words.slice(0, -' seconds'.length)} ${formatDuration(value * 1000)}`
  return `${words} ${formatCount(value)}`
}

/** `filesNew` is `files new`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
