import { type ByteString, byteStringOf, display } from '../../../src/base/byte-string.ts'
import { openPointView } from '../../../src/engine/point-view.ts'
import type { TreeEntry } from '../../../src/format/tree.ts'
import type { Folder, FolderEntry } from '../../../fuse/folders/folder.ts'
import type { MountedPoint, PointSet, PointSource } from '../../../fuse/folders/mounted-points.ts'
import { MemoryBlobs } from '../../support/memory-blobs.ts'

/** Points that exist in memory only, and can come and go. */
export class FakePoints implements PointSource {
  readonly blobs = new MemoryBlobs()
  #set: PointSet = setOf([])

  async current(): Promise<PointSet> {
    return this.#set
  }

  /** Makes these the points that are there. */
  show(...points: readonly MountedPoint[]): void {
    this.#set = setOf(points)
  }

  /** Makes a point of `root`'s entries, made `minute` minutes after the first of January 2026. */
  point(minute: number, root: readonly TreeEntry[] = [], fields: Partial<MountedPoint> = {}): MountedPoint {
    const id = minute.toString(16).padStart(8, '0').padEnd(32, '0')
    const started = { seconds: 1_767_225_600 + 60 * minute, nanoseconds: 0 }
    const part = { name: 'files', source: 'directory', version: 1, attributes: new Map<string, string>() }
    return {
      id,
      folderName: byteStringOf(folderNameAt(minute)),
      chain: 'c'.repeat(32),
      instance: 'a'.repeat(32),
      instanceName: 'laptop',
      isUndo: false,
      started,
      tags: [],
      view: openPointView(this.blobs, [{ ...part, trees: this.blobs.addTree(root) }]),
      record: async () => Buffer.from(`{"point":"${id}"}\n`),
      ...fields,
    }
  }
}

/** Returns the name of the folder of the point that `FakePoints.point` makes. */
export function folderNameAt(minute: number): string {
  const [hours, minutes] = [Math.floor(minute / 60), minute % 60].map((n) => String(n).padStart(2, '0'))
  return `2026-01-01T${hours}-${minutes}-00Z_${minute.toString(16).padStart(8, '0')}`
}

let sets = 0

function setOf(points: readonly MountedPoint[]): PointSet {
  return {
    changed: { seconds: ++sets, nanoseconds: 0 },
    points,
    resolve: (name) => points.find(({ id }) => id.startsWith(name)),
  }
}

/** Returns what a path in a folder leads to; paths in points are not followed. */
export async function find(folder: Folder, path: string): Promise<FolderEntry | undefined> {
  let entry: FolderEntry | undefined
  let at: Folder | undefined = folder
  for (const name of path.split('/')) {
    entry = await at?.find(byteStringOf(name))
    at = entry?.kind === 'folder' ? entry.folder : undefined
  }
  return entry
}

/** Lists the folder at a path, links with their targets. Checks that it is sorted, and that each name is found. */
export async function listing(folder: Folder, path?: string): Promise<string[]> {
  const entry = path === undefined ? undefined : await find(folder, path)
  const at = path === undefined ? folder : entry?.kind === 'folder' ? entry.folder : undefined
  if (at === undefined) throw new Error(`${path ?? ''} is no folder`)
  const entries = await at.list()
  const names = entries.map(({ name }) => name)
  if (names.some((name, i) => i > 0 && name <= (names[i - 1] ?? ''))) throw new Error(`not sorted: ${names.join()}`)
  for (const { kind, name } of entries) {
    if ((await at.find(name))?.kind !== kind) throw new Error(`${name} is listed and not found`)
  }
  return entries.map((each) => (each.kind === 'link' ? `${text(each.name)} -> ${text(each.target)}` : text(each.name)))
}

function text(name: ByteString): string {
  return display(name)
}
