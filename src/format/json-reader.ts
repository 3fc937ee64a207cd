import { fromHex, toHex } from '../base/bytes.ts'
import type { IntegrityError } from '../base/errors.ts'
import { malformed } from './malformed.ts'

/** Reads the members of one JSON object, each once, and believes none of them; errors are IntegrityError MALFORMED. */
export class JsonReader {
  readonly #members: Map<string, unknown>
  readonly #structure: string
  readonly #path: string

  constructor(value: unknown, structure: string, path = '') {
    this.#structure = structure
    this.#path = path
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw malformed(structure, `${path === '' ? 'it' : path} is no object`)
    }
    this.#members = new Map(Object.entries(value))
  }

  /** Returns the error to throw for a problem with member `name` that the caller found. */
  malformed(name: string, problem: string): IntegrityError {
    return malformed(this.#structure, `${this.#path}${name} ${problem}`)
  }

  /** Reads a whole number of min..max. */
  integer(name: string, min: number, max: number): number {
    const value = this.#take(name)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      throw this.malformed(name, `is no whole number from ${min} to ${max}`)
    }
    return value
  }

  string(name: string): string {
    const value = this.#take(name)
    if (typeof value !== 'string') throw this.malformed(name, 'is no string')
    return value
  }

  /** Reads exactly `length` bytes written as lower-case hexadecimal digits. */
  bytes(name: string, length: number): Uint8Array {
    const text = this.string(name)
    const bytes = text === text.toLowerCase() && text.length === 2 * length ? fromHex(text) : undefined
    if (bytes === undefined) throw this.malformed(name, `is not ${length} bytes in lower-case hexadecimal`)
    return bytes
  }

  /** Reads an id of `length` bytes as its lower-case hexadecimal digits. */
  id<Id extends string>(name: string, length: number): Id {
    return toHex(this.bytes(name, length)) as Id
  }

  /** Tells whether a member is there that was not read yet. */
  has(name: string): boolean {
    return this.#members.has(name)
  }

  /** Tells whether a member is null, and takes it if so. */
  takeNull(name: string): boolean {
    return this.#members.get(name) === null && this.#members.delete(name)
  }

  object(name: string): JsonReader {
    return new JsonReader(this.#take(name), this.#structure, `${this.#path}${name}.`)
  }

  /** Reads an array of at most `max` items; what they are is the caller's to find out. */
  array(name: string, max: number): unknown[] {
    const value = this.#take(name)
    if (!Array.isArray(value)) throw this.malformed(name, 'is no array')
    if (value.length > max) throw this.malformed(name, `has more than ${max} items`)
    return value
  }

  objects(name: string, max: number): JsonReader[] {
    const path = `${this.#path}${name}[].`
    return this.array(name, max).map((item) => new JsonReader(item, this.#structure, path))
  }

  /** Takes all members that were not read. */
  rest(): Record<string, unknown> {
    const rest = Object.fromEntries(this.#members)
    this.#members.clear()
    return rest
  }

  /** Checks that every member was read. */
  expectEnd(): void {
    if (this.#members.size > 0) throw malformed(this.#structure, `${this.#path || 'it'} has an unknown member`)
  }

  #take(name: string): unknown {
    if (!this.#members.has(name)) throw this.malformed(name, 'is missing')
    const value = this.#members.get(name)
    this.#members.delete(name)
    return value
  }
}
