import { formatBytes, formatDuration } from '../../../src/base/format.ts'
import { formatCount } from '../../../src/base/number-of.ts'

/** Figures of a summary that are no counts of anything, by the ends of their names. */
const FORMATS: readonly (readonly [RegExp, (value: number) => string])[] = [
  [/^bytes|Bytes$/, formatBytes],
  [/Ms$/, formatDuration],
]

/**
 * Returns a line of a job's log as lines for people: of the events that a command tells as JSON what they say, of a
 * summary each figure, of anything else the line as it is.
 *
 * @see docs/json.md
 */
export function reportLines(line: string): readonly string[] {
  const event = objectOf(line)
  if (event === undefined) return [line]
  if (event['type'] === 'summary') return figuresOf(event)
  const { message, hint, path } = event
  const said = [path, message, hint].filter((text) => typeof text === 'string')
  return said.length === 0 ? [] : [said.join(': ')]
}

function figuresOf(summary: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(summary).flatMap(([name, value]) => {
    if (typeof value !== 'number') return []
    const format = FORMATS.find(([pattern]) => pattern.test(name))?.[1] ?? formatCount
    return [`${wordsOf(name).padEnd(20)} ${format(value)}`]
  })
}

/** `filesVerified`: files verified. The unit at the end goes, it stands behind the figure. */
function wordsOf(name: string): string {
  return name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function objectOf(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch (error) {
    // A line that looks like an event and is none is shown as it is.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
