import type { Configuration } from '../configuration.ts'
import { repositoriesIn } from '../configuration-file.ts'
import { LocatedYaml, mapOf } from '../located-yaml.ts'
import type { ChannelSettings } from '../notifications/channel.ts'
import { channelsIn } from '../notifications/decode-channels.ts'
import { plansIn, type PlansText } from '../plans/decode-plans.ts'
import type { Plan } from '../plans/plan.ts'

/** What a daemon takes from the configuration file. */
export interface Settings {
  readonly repositories: Configuration['repositories']
  readonly plans: readonly Plan[]
  readonly channels: ReadonlyMap<string, ChannelSettings>
  /** Where metrics can be read; nowhere when `undefined`. */
  readonly metrics: MetricsAddress | undefined
}

/** A port of this machine, which no other one reaches. */
export interface MetricsAddress {
  readonly host: '127.0.0.1' | '::1'
  readonly port: number
}

const PORT_MAX = 65_535
const ADDRESS = /^(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})$/

/**
 * Decodes what a daemon takes from the configuration file.
 *
 * @throws {UsageError} BAD_CONFIGURATION, naming file, line, column and key of every mistake.
 */
export function decodeSettings({ home, ...input }: PlansText): Settings {
  return LocatedYaml.decode(input, (yaml) => ({
    repositories: repositoriesIn(yaml).repositories,
    plans: plansIn(yaml, home),
    channels: channelsIn(yaml),
    metrics: metricsIn(yaml),
  }))
}

function metricsIn(yaml: LocatedYaml): MetricsAddress | undefined {
  const { metrics: written } = mapOf(yaml.plainValue())
  if (written === undefined || written === null) return undefined
  const [, host, digits] = typeof written === 'string' ? (ADDRESS.exec(written) ?? []) : []
  const port = Number(digits)
  if (host !== undefined && port > 0 && port <= PORT_MAX) return { host: host === '[::1]' ? '::1' : '127.0.0.1', port }
  yaml.note([{ path: ['metrics'], what: 'an address of this machine is expected, such as 127.0.0.1:9321' }])
  return undefined
}
