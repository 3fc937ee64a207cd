import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml'

import { UsageError } from '../base/errors.ts'
import { numberOf } from '../base/number-of.ts'

/** A file that a person wrote, for messages and decoding. */
export interface ConfigurationText {
  /** Its path. */
  readonly file: string
  readonly text: string
}

/** What is wrong, and where. */
export interface Mistake {
  /** Of the value, from the document's root; empty for the whole file. */
  readonly path: readonly string[]
  readonly what: string
  /** It is the key at the end of the path that is wrong, not its value. */
  readonly isKey?: boolean
}

/** Aliases unfold to no more than this many times what was written. */
const ALIASES_MAX = 100
/** Of further mistakes it is told how many there are. */
const MISTAKES_MAX = 10

/** A YAML document that knows where in its file each value stands. */
export class LocatedYaml {
  readonly file: string
  readonly document: Document
  readonly #lines: LineCounter
  readonly #mistakes: Mistake[] = []

  private constructor(file: string, document: Document, lines: LineCounter) {
    this.file = file
    this.document = document
    this.#lines = lines
  }

  /** @throws {UsageError} BAD_CONFIGURATION, naming file, line and column */
  static parse({ file, text }: ConfigurationText): LocatedYaml {
    const lines = new LineCounter()
    const document = parseDocument(text, { lineCounter: lines })
    const [error] = document.errors
    if (error === undefined) return new LocatedYaml(file, document, lines)
    // The first line of the message says it all; what follows is an excerpt of the file, which may hold a secret.
    const [message = ''] = error.message.split('\n')
    throw badConfiguration(file, [{ ...error.linePos?.[0], what: message.replace(/ at line \d+, column \d+:?$/, '') }])
  }

  /**
   * Decodes a text by a function that notes what is wrong with it and goes on.
   *
   * @throws {UsageError} BAD_CONFIGURATION, naming file, line, column and key of every mistake.
   */
  static decode<T>(text: ConfigurationText, decode: (yaml: LocatedYaml) => T): T {
    const yaml = LocatedYaml.parse(text)
    const decoded = decode(yaml)
    if (yaml.#mistakes.length === 0) return decoded
    throw yaml.#mistaken()
  }

  /**
   * Returns its content as plain values.
   *
   * @throws {UsageError} BAD_CONFIGURATION: aliases lead nowhere, or unfold to more than any memory holds.
   */
  plainValue(): unknown {
    try {
      return this.document.toJS({ maxAliasCount: ALIASES_MAX })
    } catch (cause) {
      // The message would repeat the alias, which may be a secret that begins with an asterisk.
      throw badConfiguration(this.file, [{ what: 'an alias (*name) leads nowhere, or unfolds without end' }], cause)
    }
  }

  /** Has `decode` tell of these, with all others. */
  note(mistakes: readonly Mistake[]): void {
    this.#mistakes.push(...mistakes)
  }

  #mistaken(): UsageError {
    const located = this.#mistakes.map(({ path, what, isKey }) => ({
      ...this.#positionOf(path, isKey === true),
      what: path.length === 0 ? what : `${path.join('.')}: ${what}`,
    }))
    return badConfiguration(
      this.file,
      located.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.col ?? 0) - (b.col ?? 0)),
    )
  }

  /** Where the value at `path` stands, or its key, or the nearest thing around it. */
  #positionOf(path: readonly string[], isKey: boolean): Position {
    let node: unknown = this.document.contents
    let found: unknown = node
    for (const [at, name] of path.entries()) {
      if (isSeq(node) && isNode(node.items[Number(name)])) {
        node = node.items[Number(name)]
        found = node
        continue
      }
      const pair = isMap(node) ? pairOf(node.items, name) : undefined
      if (pair === undefined) break
      const isLast = at === path.length - 1
      // A value that was left out stands nowhere: its key does.
      found = (isLast && isKey) || !isWritten(pair.value) ? pair.key : pair.value
      node = pair.value
    }
    if (!isNode(found) || !found.range) return {}
    const { line, col } = this.#lines.linePos(found.range[0])
    return { line, col }
  }
}

/** Returns the entries of a map that was written, none of anything else. */
export function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

interface Position {
  readonly line?: number
  readonly col?: number
}

function pairOf(pairs: readonly Pair[], name: string): Pair | undefined {
  return pairs.find(({ key }) => isScalar(key) && String(key.value) === name)
}

function isWritten(value: unknown): value is Node {
  return isNode(value) && !(isScalar(value) && value.value === null)
}

function badConfiguration(
  file: string,
  mistakes: readonly (Position & { readonly what: string })[],
  cause?: unknown,
): UsageError {
  const told = mistakes.slice(0, MISTAKES_MAX).map(({ line, col, what }) => {
    const place = line === undefined ? file : `${file}, line ${line}, column ${col ?? 1}`
    return `${place}: ${what}`
  })
  const more = mistakes.length - told.length
  if (more > 0) told.push(`and ${numberOf(more, 'mistake')} more`)
  const [{ line, col } = {}] = mistakes
  return new UsageError('BAD_CONFIGURATION', told.join('\n'), {
    context: { file, ...(line === undefined ? {} : { line, column: col ?? 1 }) },
    ...(cause === undefined ? {} : { cause }),
    hint: 'Correct the file, or name another with --config.',
  })
}
