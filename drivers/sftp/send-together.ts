import type { Writable } from 'node:stream'

/** Makes a stream, which is returned, send in one piece what is written to it in one go. */
export function sendTogether<Stream extends Writable>(stream: Stream): Stream {
  // Sockets have a `write` of their own: a class that overrides it would not be asked.
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean
  stream.write = (...given: unknown[]) => {
    if (stream.writableCorked === 0) {
      stream.cork()
      process.nextTick(() => stream.uncork())
    }
    return write(...given)
  }
  return stream
}
