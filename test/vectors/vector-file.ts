/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/**
 * One golden vector: one case with one outcome.
 *
 * `content` has a `description`, the case's inputs, and either `bytes` (the encoding, in hexadecimal) or, for bytes that
 * are to be refused, `bytes` and the `error` code.
 */
export interface VectorFile {
  /** Below `test/vectors`: structure and case, `tree/one-file.json`. */
  readonly path: string
  readonly content: { readonly description: string; readonly [name: string]: Json }
}

/**
 * Returns `value` as JSON: byte arrays in hexadecimal, columns of numbers as arrays, maps as arrays of pairs, what is
 * absent as null. A byte string stays a string of one character a byte.
 */
export function jsonOf(value: unknown): Json {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof Uint32Array) return [...value]
  if (value instanceof Map) return [...value].map(jsonOf)
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, jsonOf(item)]))
  }
  throw new TypeError(`no JSON for ${typeof value}`)
}

/** Makes the vector of bytes that are to be refused. */
export function broken(path: string, bytes: Uint8Array, error: string, more: Record<string, Json> = {}): VectorFile {
  const name = path.slice(path.indexOf('/') + 1, -'.json'.length).replaceAll('-', ' ')
  return { path, content: { description: `Broken: ${name}.`, ...more, bytes: jsonOf(bytes), error } }
}

/** Returns `length` bytes that count up from `first`: visibly made up, and all different. */
export function counting(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i) & 0xff)
}
