import type * as promises from 'node:fs/promises'

/** What was asked of the disk, in order. Paths are absolute. */
export type DiskEvent =
  | { readonly kind: 'create'; readonly path: string; readonly file: number }
  | { readonly kind: 'write'; readonly file: number; readonly bytes: Uint8Array }
  | { readonly kind: 'sync'; readonly file: number }
  | { readonly kind: 'link'; readonly from: string; readonly path: string }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'sync-folder'; readonly path: string }
  /** Something that the test wants to find again. */
  | { readonly kind: 'note'; readonly note: string }

let events: DiskEvent[] = []
let files = 0

/** Forgets what was logged. */
export function clearLog(): void {
  events = []
}

export function takeLog(): readonly DiskEvent[] {
  return events
}

export function note(text: string): void {
  events.push({ kind: 'note', note: text })
}

/** Returns `node:fs/promises` with all that changes files entered into the log once it is done. */
export function logged(real: typeof promises): typeof promises {
  const open = async (...args: Parameters<typeof promises.open>): Promise<promises.FileHandle> => {
    const handle = await real.open(...args)
    const path = String(args[0])
    if ((await handle.stat()).isDirectory()) return withSync(handle, () => events.push({ kind: 'sync-folder', path }))
    const file = ++files
    if (args[2] !== undefined) events.push({ kind: 'create', path, file })
    return withWrites(
      withSync(handle, () => events.push({ kind: 'sync', file })),
      file,
    )
  }
  return {
    ...real,
    open: open,
    mkdir: (async (path: string, options: { mode: number }) => {
      await real.mkdir(path, options)
      events.push({ kind: 'folder', path })
    }) as typeof promises.mkdir,
    link: async (from, path) => {
      await real.link(from, path)
      events.push({ kind: 'link', from: String(from), path: String(path) })
    },
    unlink: async (path) => {
      await real.unlink(path)
      events.push({ kind: 'unlink', path: String(path) })
    },
  }
}

function withSync(handle: promises.FileHandle, done: () => void): promises.FileHandle {
  const sync = handle.sync.bind(handle)
  handle.sync = async () => {
    await sync()
    done()
  }
  return handle
}

function withWrites(handle: promises.FileHandle, file: number): promises.FileHandle {
  const writev = handle.writev.bind(handle)
  handle.writev = (async (parts: readonly Uint8Array[]) => {
    const result = await writev(parts)
    events.push({ kind: 'write', file, bytes: new Uint8Array(Buffer.concat(parts).subarray(0, result.bytesWritten)) })
    return result
  }) as typeof handle.writev
  return handle
}
