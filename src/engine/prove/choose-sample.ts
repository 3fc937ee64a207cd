import type { ByteString } from '../../base/byte-string.ts'
import type { Randomness } from '../../base/random.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { PointView } from '../point-view-types.ts'

export interface SampleOptions {
  /** Where the sample is taken from: an absolute path of the point, and what lies there. */
  readonly path: ByteString
  readonly entry: TreeEntry
  /** Files beside the folder. */
  readonly files: number
  /** The most that the folder may hold, and that all files together may. */
  readonly bytesMax: number
  readonly randomness: Randomness
  readonly signal: AbortSignal
}

/** How much there is of something. */
export interface Amount {
  /** Files, folders and all else. */
  readonly entries: number
  /** Sum of the sizes of the files. */
  readonly bytes: number
}

/** A random part of a point. */
export interface Sample {
  /** Different files, at most as many as asked for. */
  readonly files: readonly { readonly path: ByteString; readonly bytes: number }[]
  /** A folder with all below it; `undefined` where none holds anything within the bounds. */
  readonly folder: (Amount & { readonly path: ByteString }) | undefined
  /** All there is at the path. */
  readonly total: Amount
}

/** The most entries that the folder may hold. */
const FOLDER_ENTRIES_MAX = 10_000

/** A folder whose entries are being walked. */
interface OpenFolder {
  readonly path: ByteString
  entries: number
  bytes: number
}

/**
 * Chooses files, each as likely as any other, and a folder, the likelier the more it holds: what most of a point is
 * like. Walks everything once; memory: the sample.
 *
 * @throws {IntegrityError} a directory cannot be read. @throws the signal's reason.
 */
export async function chooseSample(view: PointView, options: SampleOptions): Promise<Sample> {
  const { path, entry, bytesMax, randomness, signal } = options
  const random = (): number => new DataView(randomness.bytes(4).buffer).getUint32(0) / 2 ** 32
  const total = { entries: 0, bytes: 0 }
  const files = new FileReservoir(options.files, random)
  let folder: Sample['folder']
  let weights = 0
  const close = ({ path, entries, bytes }: OpenFolder): void => {
    if (entries === 0 || entries > FOLDER_ENTRIES_MAX || bytes > bytesMax) return
    weights += entries
    if (random() * weights < entries) folder = { path, entries, bytes }
  }
  const open: OpenFolder[] = entry.kind === 'dir' ? [{ path, entries: 0, bytes: 0 }] : []
  for await (const child of entriesAt(view, options)) {
    signal.throwIfAborted()
    for (let top = open.at(-1); top !== undefined && !isBelow(child.path, top.path); top = open.at(-1)) {
      close(top)
      open.pop()
    }
    const bytes = child.entry.kind === 'file' ? child.entry.size : 0
    for (const above of open) {
      above.entries++
      above.bytes += bytes
    }
    total.entries++
    total.bytes += bytes
    if (child.entry.kind === 'dir') open.push({ path: child.path, entries: 0, bytes: 0 })
    else if (child.entry.kind === 'file' && bytes <= bytesMax) files.offer({ path: child.path, bytes })
  }
  for (const rest of open.reverse()) close(rest)
  return { files: files.within(bytesMax), folder, total }
}

/** Yields all that lies below a directory, or what is no directory itself. */
async function* entriesAt(
  view: PointView,
  { path, entry }: Pick<SampleOptions, 'path' | 'entry'>,
): AsyncGenerator<{ readonly path: ByteString; readonly entry: TreeEntry }> {
  if (entry.kind === 'dir') yield* view.walk(path, entry)
  else yield { path, entry }
}

/** Tells whether a path lies in a folder, which may be the root. */
export function isBelow(path: ByteString, folder: ByteString): boolean {
  return folder === '/' || (path.length > folder.length && path[folder.length] === '/' && path.startsWith(folder))
}

interface SampledFile {
  readonly path: ByteString
  readonly bytes: number
}

/** Keeps some of all files that it is offered, each as likely as any other (Vitter's algorithm R). */
class FileReservoir {
  readonly #files: SampledFile[] = []
  readonly #size: number
  readonly #random: () => number
  #offered = 0

  constructor(size: number, random: () => number) {
    this.#size = size
    this.#random = random
  }

  offer(file: SampledFile): void {
    const place = this.#offered < this.#size ? this.#offered : Math.floor(this.#random() * (this.#offered + 1))
    this.#offered++
    if (place < this.#size) this.#files[place] = file
  }

  /** Returns those that together have no more than `bytesMax` bytes: the first of them. */
  within(bytesMax: number): SampledFile[] {
    let left = bytesMax
    return this.#files.filter(({ bytes }) => {
      if (bytes > left) return false
      left -= bytes
      return true
    })
  }
}
