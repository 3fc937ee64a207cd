import type { CborReader } from './cbor-reader.ts'

/** Reads the value of one extension. */
export type ReadExtension = (reader: CborReader) => void

/**
 * Reads the extension map that ends every structure: numbers in ascending order, values of any kind.
 *
 * A reader ignores keys it does not know, such as those of later versions: what must not be ignored is named in a list of
 * features.
 */
export function readExtensions(reader: CborReader, known: Readonly<Record<number, ReadExtension>>): void {
  let previous = -1
  for (let left = reader.readMapHeader(); left > 0; left--) {
    const key = reader.readUint()
    if (key <= previous) throw reader.malformed('its extensions are not in ascending order')
    previous = key
    const read = known[key]
    if (read === undefined) reader.skip()
    else read(reader)
  }
}

/** Steps over the extension map of a structure that has no extensions in this version. */
export function skipExtensions(reader: CborReader): void {
  readExtensions(reader, {})
}
