import { toHex } from '../../base/bytes.ts'
import type { TreeEntry } from '../../format/tree.ts'

/** What a person can change of an entry without touching its content. */
export type MetadataField = 'mode' | 'owner' | 'mtime' | 'xattrs' | 'flags'

/** Returns which metadata of two entries differ; ctime changes by itself and is not looked at. */
export function metadataChanges(before: TreeEntry, after: TreeEntry): MetadataField[] {
  const fields: MetadataField[] = []
  if (before.mode !== after.mode) fields.push('mode')
  if (before.uid !== after.uid || before.gid !== after.gid) fields.push('owner')
  const [a, b] = [before.mtime, after.mtime]
  if (a.seconds !== b.seconds || a.nanoseconds !== b.nanoseconds) fields.push('mtime')
  if (xattrState(before) !== xattrState(after)) fields.push('xattrs')
  if (before.flags !== after.flags) fields.push('flags')
  return fields
}

function xattrState({ xattrs }: TreeEntry): string {
  return xattrs.map(({ name, value }) => `${name}=${toHex(value)}`).join('\0')
}
