import { display } from '../../base/byte-string.ts'
import { UsageError } from '../../base/errors.ts'
import { formatCount } from '../../base/number-of.ts'
import type { Difference } from '../../engine/look/diff.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { ChainFlags } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { jsonState } from '../entry-format.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { formatBytes } from '../../base/format.ts'
import { jsonPath } from '../../base/json-path.ts'
import { openPlaces } from '../open-place.ts'

/** How a difference is shown in front of its path. */
const SIGNS: Readonly<Record<Difference['kind'], string>> = {
  added: '+',
  removed: '-',
  renamed: 'R',
  type: 'T',
  content: 'M',
  metadata: 'm',
}

/** Compares two points, or one place of each. */
export async function diffCommand(
  context: CliContext,
  places: { readonly before: string; readonly after: string },
  flags: ChainFlags,
): Promise<number> {
  const { output, signal } = context
  const { diff } = await import('../../engine/look/diff.ts')
  await using opened = await openPlaces(context, [places.before, places.after], flags)
  const [before, after] = opened.places
  if (before.point.realm !== after.point.realm) {
    throw new UsageError('BAD_ARGUMENT', 'the two points lie in different realms, whose contents cannot be compared', {
      hint: 'Restore both and compare the folders.',
    })
  }
  const differences = await diff(before, after, signal)
  if (output.json) {
    const list = output.list()
    for (const each of differences) list.add(jsonDifference(each))
    list.end()
    return EXIT_DONE
  }
  for (const each of differences) {
    output.line(lineOf(each))
    await output.drained()
  }
  output.message(summaryOf(differences))
  return EXIT_DONE
}

function lineOf(each: Difference): string {
  const path = `${display(each.path)}${slash('after' in each ? each.after : each.before)}`
  if (each.kind === 'renamed') return `${SIGNS.renamed} ${display(each.from)} -> ${path}`
  const fields = 'metadata' in each && each.metadata.length > 0 ? `  (${each.metadata.join(', ')})` : ''
  return `${SIGNS[each.kind]} ${path}${fields}`
}

function slash({ kind }: TreeEntry): string {
  return kind === 'dir' ? '/' : ''
}

function summaryOf(differences: readonly Difference[]): string {
  const counts = new Map<Difference['kind'], number>()
  let [added, removed] = [0, 0]
  for (const each of differences) {
    counts.set(each.kind, (counts.get(each.kind) ?? 0) + 1)
    if (each.kind === 'added' || each.kind === 'content') added += sizeOf(each.after)
    if (each.kind === 'removed' || each.kind === 'content') removed += sizeOf(each.before)
  }
  const count = (kind: Difference['kind']): string => formatCount(counts.get(kind) ?? 0)
  const changed = `${count('content')} changed, ${count('type')} of another kind, ${count('metadata')} with other metadata only`
  const bytes = `${formatBytes(added)} came, ${formatBytes(removed)} went`
  return `${count('added')} added, ${count('removed')} removed, ${changed}, ${count('renamed')} renamed; ${bytes}.`
}

function sizeOf(entry: TreeEntry): number {
  return entry.kind === 'file' ? entry.size : 0
}

function jsonDifference(each: Difference): Record<string, unknown> {
  const from = each.kind === 'renamed' ? jsonPath(each.from) : undefined
  return {
    kind: each.kind,
    ...jsonPath(each.path),
    ...(from === undefined
      ? {}
      : { from: from.path, ...(from.pathBytes === undefined ? {} : { fromBytes: from.pathBytes }) }),
    ...('metadata' in each ? { metadata: each.metadata } : {}),
    before: 'before' in each ? jsonState(each.before) : null,
    after: 'after' in each ? jsonState(each.after) : null,
  }
}
