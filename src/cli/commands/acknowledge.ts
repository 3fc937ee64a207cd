import { acknowledge } from '../../engine/tripwire/acknowledge.ts'
import { type ChainFlags, choosePoint } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { openPoints } from '../open-points.ts'

/** Says that suspect points are as they should be. */
export async function acknowledgeCommand(
  context: CliContext,
  names: readonly string[],
  flags: ChainFlags,
): Promise<undefined> {
  const { clock, output } = context
  await using opened = await openPoints(context)
  const { repository } = opened
  const points = []
  for (const name of names) points.push(await choosePoint(repository, { point: name }, flags))
  const acknowledged: string[] = []
  for (const point of new Set(points)) {
    await acknowledge(repository, point, clock)
    acknowledged.push(point.record.point)
    if (!output.json)
      output.done(`Acknowledged point ${point.record.point.slice(0, 8)}: what came before it may be forgotten`)
  }
  if (output.json) output.document({ acknowledged })
}
