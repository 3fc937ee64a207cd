import type { SftpChannel } from './sftp-channel.ts'

/** While it is written: one that cannot be written is opened by no second channel. */
const WRITING_MODE = 0o600

export interface NewFile {
  readonly path: string
  /** What it holds, one after the other. */
  readonly parts: readonly Uint8Array[]
  readonly mode: number
}

/**
 * Writes a file that nobody else writes, over all `channels` at once, and makes it durable: a part over each. What the server
 * lets only some of them open is written over those.
 */
export async function writeTogether(
  channels: readonly SftpChannel[],
  { path, parts, mode }: NewFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const opening = channels.map(async (channel) => ({
    channel,
    file: await channel.openFile(path, 'share', WRITING_MODE),
  }))
  const opened = await Promise.allSettled(opening)
  const writers = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  if (writers.length === 0) await opening[0]
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
  const share = Math.ceil(bytes / writers.length)
  const written = await Promise.allSettled(
    writers.map(async ({ channel, file }, i) => {
      const content = { parts: partsBetween(parts, i * share, (i + 1) * share), sharedOffset: i * share }
      await channel.writeFile(file, i === 0 ? { ...content, mode } : content, signal)
    }),
  )
  for (const end of written) if (end.status === 'rejected') throw end.reason
}

/** Bytes [start, end) of `parts`, or as many of them as there are. */
function partsBetween(parts: readonly Uint8Array[], start: number, end: number): Uint8Array[] {
  let offset = 0
  return parts.flatMap((part) => {
    const from = Math.max(0, start - offset)
    const to = Math.min(part.byteLength, end - offset)
    offset += part.byteLength
    return from < to ? [part.subarray(from, to)] : []
  })
}
