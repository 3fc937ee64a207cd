import type { ConfiguredRepository } from '../service/configuration.ts'
import { formatBytes } from '../base/format.ts'

/** What the configuration says of a repository, as JSON; never a secret, only how one is come by. */
export function repositoryDocument({
  name,
  url,
  driver,
  limits,
  secrets,
}: ConfiguredRepository): Record<string, unknown> {
  return {
    name,
    url,
    driver: driver ?? null,
    limitUpload: limits.upload ?? null,
    limitDownload: limits.download ?? null,
    secrets: Object.fromEntries([...secrets].map(([kind, { from }]) => [kind, from])),
  }
}

/** The same in words: a title and a text for each thing that is said. */
export function repositoryRows({ driver, limits, secrets }: ConfiguredRepository): (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = []
  if (driver !== undefined) rows.push(['Driver', driver])
  if (limits.upload !== undefined) rows.push(['Upload', `at most ${formatBytes(limits.upload)}/s`])
  if (limits.download !== undefined) rows.push(['Download', `at most ${formatBytes(limits.download)}/s`])
  const sources = [...secrets].map(([kind, { from }]) => `${kind} (${from})`)
  if (sources.length > 0) rows.push(['Secrets', sources.join(', ')])
  return rows
}
