import { readFile, readdir, readlink } from 'node:fs/promises'
import { type ByteString, byteString, byteStringOf, display } from '../../../src/base/byte-string.ts'
import { mountsBelow } from './mounts.ts'

const HOLDERS_MAX = 8
const NOTHING = '' as ByteString

/** What keeps a mount from ending: a process by its number and name, or a mount inside. */
export type Holder =
  | { readonly kind: 'process'; readonly pid: number; readonly name: string; readonly path: string }
  | { readonly kind: 'mount'; readonly path: string }

/**
 * Returns who uses what is mounted at `mountPoint`, at most 8, as far as this user may see it: a process whose
 * directory, root, program, open file or mapped file lies in it, or another mount.
 *
 * Looks only at /proc, never into the mount itself, which may not answer.
 */
export async function holdersOf(mountPoint: string): Promise<Holder[]> {
  const holders: Holder[] = mountsBelow(mountPoint).map(({ path }) => ({ kind: 'mount', path: display(path) }))
  const bytes = byteStringOf(mountPoint)
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (holders.length >= HOLDERS_MAX) break
    if (Number(pid) === process.pid) continue
    const path = await pathHeldBy(pid, bytes)
    if (path !== undefined)
      holders.push({ kind: 'process', pid: Number(pid), name: await nameOf(pid), path: display(path) })
  }
  return holders.slice(0, HOLDERS_MAX)
}

/** Returns the first path inside `mountPoint` that a process holds. */
async function pathHeldBy(pid: string, mountPoint: ByteString): Promise<ByteString | undefined> {
  const folder = `/proc/${pid}`
  const isInside = (path: ByteString): boolean => path === mountPoint || path.startsWith(`${mountPoint}/`)
  for (const link of ['cwd', 'root', 'exe', ...(await descriptorsOf(folder))]) {
    // It may end meanwhile, and others' processes are not for everybody to see.
    const path = await readlink(`${folder}/${link}`, 'buffer').then(byteString, () => NOTHING)
    if (isInside(path)) return path
  }
  return mappedPaths(await textOf(`${folder}/maps`)).find(isInside)
}

async function descriptorsOf(folder: string): Promise<string[]> {
  const names = await readdir(`${folder}/fd`).catch(() => [])
  return names.map((name) => `fd/${name}`)
}

/** @see proc_pid_maps(5) */
function mappedPaths(maps: ByteString): ByteString[] {
  return maps
    .split('\n')
    .filter((line) => line.includes('/'))
    .map((line) => line.slice(line.indexOf('/')) as ByteString)
}

async function nameOf(pid: string): Promise<string> {
  return display((await textOf(`/proc/${pid}/comm`)).trimEnd() as ByteString)
}

async function textOf(file: string): Promise<ByteString> {
  return readFile(file).then(byteString, () => NOTHING)
}

/** Returns holders as part of a sentence. */
export function describeHolders(holders: readonly Holder[]): string {
  return holders
    .map((holder) =>
      holder.kind === 'mount' ? `a mount at ${holder.path}` : `${holder.name} (${holder.pid}) in ${holder.path}`,
    )
    .join(', ')
}
