import type { ByteString } from '../../base/byte-string.ts'
import type { Source } from '../source.ts'

/** The part that a stream or the output of a command goes into. */
export const STREAM_PART = 'stream'

export interface StreamSourceOptions {
  /** Where the file lies in the point: an absolute path. */
  readonly path: ByteString
  /** What `points` shows. */
  readonly label: ByteString
  readonly open: (signal: AbortSignal) => AsyncIterable<Uint8Array>
}

/** Bytes that come once, such as standard input. */
export function streamSource({ path, label, open }: StreamSourceOptions): Source {
  return {
    kind: 'stream',
    identity: [path],
    labels: [label],
    read: (run) => run.pass(STREAM_PART, { kind: 'stream', path, open }),
  }
}
