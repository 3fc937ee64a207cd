import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { byteStringOf, bytesOf } from '../../src/base/byte-string.ts'
import type { OpenPointView } from '../../src/engine/point-view.ts'
import type { TreeEntry } from '../../src/format/tree.ts'

/** Returns everything below a folder of a point, one line an entry: path, kind, mode, time and a hash of its content. */
export async function pointLines(view: OpenPointView, folder: string): Promise<string[]> {
  const root = await view.lookup(byteStringOf(folder))
  if (root === undefined) throw new Error(`the point holds no ${folder}`)
  const lines: string[] = []
  for await (const { path, entry } of view.walk(byteStringOf(''), root)) {
    lines.push(`${bytesOf(path).toString('utf8')} ${await describe(view, entry)}`)
  }
  return lines.sort()
}

/** Returns the same of a folder on disk. */
export function diskLines(folder: string, below = ''): string[] {
  const lines: string[] = []
  for (const name of readdirSync(join(folder, below))) {
    const path = join(below, name)
    const full = join(folder, path)
    const status = lstatSync(full, { bigint: true })
    const common = `${(status.mode & 0o7777n).toString(8)} ${status.mtimeNs}`
    if (status.isFile()) lines.push(`${path} file ${common} ${hash(readFileSync(full))}`)
    else if (status.isDirectory()) lines.push(`${path} dir ${common}`, ...diskLines(folder, path))
    else if (status.isSymbolicLink()) lines.push(`${path} symlink ${common} ${readlinkSync(full)}`)
    else lines.push(`${path} ${status.isFIFO() ? 'fifo' : status.isSocket() ? 'socket' : 'device'} ${common}`)
  }
  return lines.sort()
}

/** Returns the bytes of a file of a point. */
export async function pointFile(view: OpenPointView, path: string): Promise<Buffer> {
  const entry = await view.lookup(byteStringOf(path))
  if (entry?.kind !== 'file') throw new Error(`the point holds no file ${path}`)
  return contentOf(view, entry)
}

async function contentOf(view: OpenPointView, entry: TreeEntry): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of view.content(entry)) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function describe(view: OpenPointView, entry: TreeEntry): Promise<string> {
  const ns = BigInt(entry.mtime.seconds) * 1_000_000_000n + BigInt(entry.mtime.nanoseconds)
  const common = `${entry.mode.toString(8)} ${ns}`
  if (entry.kind === 'file') return `file ${common} ${hash(await contentOf(view, entry))}`
  if (entry.kind === 'symlink') return `symlink ${common} ${bytesOf(entry.target).toString('utf8')}`
  return `${entry.kind === 'char' || entry.kind === 'block' ? 'device' : entry.kind} ${common}`
}

function hash(bytes: Uint8Array): string {
  return `${bytes.byteLength} ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`
}
