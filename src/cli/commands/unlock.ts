import type { CliContext } from '../context.ts'
import { deriveHeldKey } from '../derive-held-key.ts'
import { requireDaemon } from '../open-desk.ts'

/** Opens a repository once, and has the daemon keep what opens it until it is locked. */
export async function unlockCommand(context: CliContext, repository: string | undefined): Promise<undefined> {
  const { output } = context
  // Before anybody is asked for a password.
  await using daemon = await requireDaemon(context)
  const { place, key } = await deriveHeldKey(context, repository ?? context.repository)
  await daemon.hold(place.url, key)
  if (output.json) output.document({ repository: place.name ?? null, location: place.url, unlocked: true })
  else output.message(`${place.name ?? place.url} is unlocked until \`tidemark lock\`, or until the daemon ends.`)
}
