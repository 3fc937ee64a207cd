import { type ByteString, display, joinPath } from '../../base/byte-string.ts'
import type { OpenPointView } from '../../engine/point-view.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { ChainFlags } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { jsonEntry, longLine, type OwnerNames } from '../entry-format.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { openPlace } from '../open-place.ts'

export interface ListFlags extends ChainFlags {
  readonly long?: boolean
  readonly recursive?: boolean
}

interface Found {
  readonly path: ByteString
  readonly entry: TreeEntry
  readonly names: OwnerNames
}

/** Lists a folder of a point, or a single file. */
export async function listCommand(context: CliContext, place: string, flags: ListFlags): Promise<number> {
  const { output, signal } = context
  await using opened = await openPlace(context, place, flags)
  const found =
    opened.entry.kind === 'dir' ? below(opened.view, opened, flags.recursive === true) : [await alone(opened)]
  const list = output.json ? output.list() : undefined
  for await (const { path, entry, names } of found) {
    signal.throwIfAborted()
    if (output.gone.aborted) break
    if (list !== undefined) list.add(jsonEntry(path, entry, names))
    else if (flags.long === true) output.line(longLine(shown(path, opened.path, flags), entry, names))
    else output.line(`${display(shown(path, opened.path, flags))}${entry.kind === 'dir' ? '/' : ''}`)
    await output.drained()
  }
  list?.end()
  return EXIT_DONE
}

/** Yields the entries of a directory in the order of their names; with `recursive`, each followed by what is below. */
async function* below(
  view: OpenPointView,
  at: { readonly path: ByteString; readonly entry: TreeEntry },
  recursive: boolean,
): AsyncGenerator<Found> {
  const stack: { readonly path: ByteString; readonly entries: Iterator<TreeEntry>; readonly names: OwnerNames }[] = []
  const enter = async (path: ByteString, entry: TreeEntry): Promise<void> => {
    const { entries, ...names } = await view.listing(entry)
    if (recursive) await view.prepare(entries.filter(({ kind }) => kind === 'dir').slice(0, 256))
    stack.push({ path, entries: entries[Symbol.iterator](), names })
  }
  await enter(at.path, at.entry)
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.entries.next()
    if (next.done === true) {
      stack.pop()
      continue
    }
    const path = joinPath(top.path, next.value.name)
    yield { path, entry: next.value, names: top.names }
    if (recursive && next.value.kind === 'dir') await enter(path, next.value)
  }
}

/** The entry itself, with the names of its owners, which its directory knows. */
async function alone(at: {
  readonly view: OpenPointView
  readonly path: ByteString
  readonly entry: TreeEntry
}): Promise<Found> {
  const { view, path, entry } = at
  const parent = await view.lookup((path.slice(0, path.lastIndexOf('/')) || '/') as ByteString)
  const names = parent === undefined ? { users: new Map(), groups: new Map() } : await view.listing(parent)
  return { path, entry, names }
}

/** People see names below the folder they asked for; a whole tree, and a single file, with its path. */
function shown(path: ByteString, folder: ByteString, flags: ListFlags): ByteString {
  if (flags.recursive === true || path === folder) return path
  return path.slice(folder === '/' ? 1 : folder.length + 1) as ByteString
}
