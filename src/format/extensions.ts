import type { CborReader } from './cbor-reader.ts'

/**
 * Steps over the extension map that ends every structure: numbers in ascending order, values of any kind.
 *
 * Version 1 defines no extensions, and a reader ignores those of later versions: what must not be ignored is named in a
 * list of features.
 */
export function skipExtensions(reader: CborReader): void {
  let previous = -1
  for (let left = reader.readMapHeader(); left > 0; left--) {
    const key = reader.readUint()
    if (key <= previous) throw reader.malformed('its extensions are not in ascending order')
    previous = key
    reader.skip()
  }
}
