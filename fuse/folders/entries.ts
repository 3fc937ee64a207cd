import type { ByteString } from '../../src/base/byte-string.ts'
import type { Folder, FolderEntry } from './folder.ts'
import type { MountedPoint, PointSet } from './mounted-points.ts'

/** Returns a folder of the mount's own, as it is in a set of points. */
export function folderOf(name: ByteString, folder: Folder, { changed }: PointSet): FolderEntry {
  return { kind: 'folder', name, folder, mtime: changed }
}

/** Returns a link to the folder of a point; `up` leads from the link's folder to the root, such as `../../`. */
export function linkTo(point: MountedPoint, { name, up }: { name: ByteString; up: string }): FolderEntry {
  const target = `${up}points/${point.folderName}` as ByteString
  return { kind: 'link', name, target, mtime: point.started }
}

/** Returns the whole tree of a point, or one entry of it. */
export function entryOf(point: MountedPoint, name: ByteString, entry = point.view.root): FolderEntry {
  return { kind: 'point', name, point: point.id, view: point.view, entry }
}
