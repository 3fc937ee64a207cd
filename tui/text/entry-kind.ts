import type { EntryKind } from '../../src/service/application/shown.ts'

const WORDS: Readonly<Record<EntryKind, string>> = {
  file: 'file',
  dir: 'folder',
  symlink: 'link',
  fifo: 'named pipe',
  socket: 'socket',
  char: 'character device',
  block: 'block device',
}

export function shownEntryKind(kind: EntryKind): string {
  return WORDS[kind]
}
