import { UsageError } from '../../base/errors.ts'
import type { Json } from '../../service/jobs/job.ts'
import type { CliContext } from '../context.ts'
import { requireDaemon } from '../open-desk.ts'
import { eventText } from '../plan-format.ts'

/** Tells the daemon that something happened that plans may wait for. */
export async function raiseEvent(context: CliContext, name: string, about: string | undefined): Promise<undefined> {
  const { output } = context
  const said = about === undefined ? undefined : parseJson(about)
  await using daemon = await requireDaemon(context)
  const { plans } = await daemon.raiseEvent(name, said)
  const inForce = plans.length === 0 ? [] : (await daemon.plans()).plans
  const paused = plans.filter((plan) => inForce.some((each) => each.paused && each.name === plan))
  if (output.json) output.document({ event: name, plans, paused })
  else output.message(eventText(name, plans, paused))
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new UsageError('BAD_ARGUMENT', 'what is said of the event is no JSON', {
      cause,
      hint: 'Such as \'{"file": "report.pdf"}\', in single quotes for the shell.',
    })
  }
}
