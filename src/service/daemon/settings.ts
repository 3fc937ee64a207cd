import { z } from 'zod'

import type { Configuration } from '../configuration.ts'
import { decodeConfiguration } from '../configuration-file.ts'
import { LocatedYaml } from '../located-yaml.ts'
import type { ChannelSettings } from '../notifications/channel.ts'
import { decodeChannels } from '../notifications/decode-channels.ts'
import { decodePlans, type PlansText } from '../plans/decode-plans.ts'
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
export function decodeSettings(input: PlansText): Settings {
  const { repositories } = decodeConfiguration(input)
  return { repositories, plans: decodePlans(input), channels: decodeChannels(input), metrics: decodeMetrics(input) }
}

function decodeMetrics(input: PlansText): MetricsAddress | undefined {
  const yaml = LocatedYaml.parse(input)
  const whole = z.looseObject({ metrics: z.unknown().optional() }).safeParse(yaml.plainValue())
  const written = whole.success ? whole.data.metrics : undefined
  if (written === undefined || written === null) return undefined
  const [, host, digits] = typeof written === 'string' ? (ADDRESS.exec(written) ?? []) : []
  const port = Number(digits)
  if (host !== undefined && port > 0 && port <= PORT_MAX) return { host: host === '[::1]' ? '::1' : '127.0.0.1', port }
  throw yaml.mistakes([{ path: ['metrics'], what: 'an address of this machine is expected, such as 127.0.0.1:9321' }])
}
