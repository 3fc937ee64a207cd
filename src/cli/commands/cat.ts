import { display } from '../../base/byte-string.ts'
import { UsageError } from '../../base/errors.ts'
import type { ChainFlags } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { KIND_WORDS } from '../entry-format.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { openPlace } from '../open-place.ts'

/** Prints a file of a point, byte for byte. */
export async function catCommand(context: CliContext, place: string, flags: ChainFlags): Promise<number> {
  const { output, signal } = context
  await using opened = await openPlace(context, place, flags)
  const { entry, path, view } = opened
  if (entry.kind !== 'file') {
    throw new UsageError('UNKNOWN_PATH', `${display(path)} is a ${KIND_WORDS[entry.kind]}, not a file`, {
      hint: entry.kind === 'dir' ? 'List it with `tidemark ls`.' : 'Restore it with `tidemark restore`.',
    })
  }
  for await (const bytes of view.content(entry)) {
    signal.throwIfAborted()
    if (output.gone.aborted) break
    await output.bytes(bytes)
  }
  return EXIT_DONE
}
