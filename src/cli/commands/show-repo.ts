import { formatCount, numberOf } from '../../base/number-of.ts'
import type { CliContext } from '../context.ts'
import { formatBytes, formatDuration } from '../../base/format.ts'
import { openSession } from '../open-session.ts'

/** Describes a repository: what it is, how it chunks, and how much it holds. */
export async function showRepo(context: CliContext, place: string | undefined): Promise<undefined> {
  const { output, signal } = context
  await using session = await openSession(context, place ?? context.repository)
  const repository = await session.repository
  const points = await repository.chain({ signal })
  let packBytes = 0
  let packs = 0
  for await (const { bytes } of repository.driver.list('packs', signal)) {
    packs++
    packBytes += bytes
  }
  const { config, keyRing } = repository
  const { avgBytes, maxBytes, minBytes } = config.chunker
  if (output.json) {
    output.document({
      repository: repository.id,
      name: session.place.name ?? null,
      location: session.place.url,
      revision: config.revision,
      chunker: { minBytes, avgBytes, maxBytes },
      graceSeconds: config.graceSeconds,
      slots: config.slots.length,
      full: keyRing.full,
      points: points.points.length,
      chains: points.chains().length,
      packs,
      packBytes,
    })
    return
  }
  const rows: readonly (readonly [string, string])[] = [
    ['Repository', repository.id],
    ['Name', session.place.name ?? 'none'],
    ['Location', session.place.url],
    ['Points', `${formatCount(points.points.length)} in ${numberOf(points.chains().length, 'chain')}`],
    ['Packs', `${formatCount(packs)}, ${formatBytes(packBytes)}`],
    ['Chunks', `${formatBytes(minBytes)} to ${formatBytes(maxBytes)}, ${formatBytes(avgBytes)} on average`],
    ['Prune grace', formatDuration(config.graceSeconds * 1000)],
    ['Key slots', formatCount(config.slots.length)],
    ['Opened with', keyRing.full ? 'a full key' : 'a backup-only key'],
  ]
  for (const [title, value] of rows) output.line(`${title.padEnd(13)}${value}`)
}
