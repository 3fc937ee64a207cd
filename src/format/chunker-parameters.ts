import { BLOB_BYTES_MAX } from '../base/limits.ts'

/** How content is cut into chunks, in bytes. */
export interface ChunkerParameters {
  readonly minBytes: number
  /** A power of two. */
  readonly avgBytes: number
  readonly maxBytes: number
  /** By how many bits the mask is stricter before `avgBytes` and looser after it. */
  readonly normalisation: number
}

export const CHUNKER_DEFAULT: ChunkerParameters = {
  minBytes: 256 << 10,
  avgBytes: 512 << 10,
  maxBytes: 2 << 20,
  normalisation: 1,
}

const MIN_BYTES = 4 << 10
const NORMALISATION_MAX = 4

/** Returns what is wrong with parameters out of a repository, or `undefined`. */
export function chunkerProblem(parameters: ChunkerParameters): string | undefined {
  const { minBytes, avgBytes, maxBytes, normalisation } = parameters
  const ascend = MIN_BYTES <= minBytes && minBytes <= avgBytes && avgBytes <= maxBytes && maxBytes <= BLOB_BYTES_MAX
  if (!ascend) return `chunks of ${minBytes}, ${avgBytes} and ${maxBytes} bytes are out of bounds`
  if (Math.log2(avgBytes) % 1 !== 0) return `${avgBytes} bytes, the average chunk, is no power of two`
  if (normalisation > NORMALISATION_MAX) return `a normalisation of ${normalisation} is out of bounds`
  return undefined
}
