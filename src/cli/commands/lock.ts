import { formatCount } from '../../base/number-of.ts'
import type { CliContext } from '../context.ts'
import { findDaemon } from '../open-desk.ts'
import { placeOf } from '../open-store.ts'

/** Has the daemon forget the key of a repository, or all keys. Without a daemon nothing is unlocked. */
export async function lockCommand(context: CliContext, repository: string | undefined): Promise<undefined> {
  const { output } = context
  const location = repository === undefined ? undefined : (await placeOf(context, repository)).url
  await using daemon = await findDaemon(context)
  const forgotten = (await daemon?.forget(location === undefined ? {} : { location })) ?? 0
  if (output.json) output.document({ forgotten })
  else if (daemon === undefined) output.message('Nothing was unlocked.')
  else if (forgotten === 0) output.message('Nothing was unlocked, and nothing is by itself before `tidemark unlock`.')
  else output.message(`Forgotten: ${formatCount(forgotten)} ${forgotten === 1 ? 'key' : 'keys'}.`)
}
