import { lstat, readdir, readFile, readlink } from 'node:fs/promises'

export interface Comparison {
  /** One line each; empty when the trees are the same. */
  readonly differences: readonly string[]
  readonly entries: number
  /** Of all files compared. */
  readonly bytes: number
}

/** Compares two trees completely: names, kinds, owners, modes, times to the nanosecond, links and every byte. */
export async function compareTrees(expected: string, actual: string): Promise<Comparison> {
  const differences: string[] = []
  let entries = 0
  let bytes = 0

  // Names are bytes, which need not be text: paths are strings of one character a byte here.
  async function compare(path: string): Promise<void> {
    entries++
    const [a, b] = [pathOf(expected, path), pathOf(actual, path)]
    const [left, right] = [await lstat(a, { bigint: true }), await lstat(b, { bigint: true })]
    const note = (what: string, was: unknown, is: unknown): void => {
      if (was !== is) differences.push(`${path}: ${what} was ${String(was)}, is ${String(is)}`)
    }
    note('mode', left.mode, right.mode)
    note('uid', left.uid, right.uid)
    note('gid', left.gid, right.gid)
    // The times of the two top folders are nobody's: they were made for the comparison.
    if (path !== '') note('mtime', left.mtimeNs, right.mtimeNs)
    if (left.isSymbolicLink() && right.isSymbolicLink()) note('target', await linkTarget(a), await linkTarget(b))
    else if (left.isFile() && right.isFile()) {
      const [was, is] = await Promise.all([readFile(a), readFile(b)])
      bytes += was.byteLength
      if (!was.equals(is)) differences.push(`${path}: the bytes differ`)
    } else if (left.isDirectory() && right.isDirectory()) {
      const [names, others] = [await namesIn(a), await namesIn(b)]
      for (const name of others) if (!names.includes(name)) differences.push(`${path}/${name}: is too much`)
      for (const name of names) {
        if (others.includes(name)) await compare(`${path}/${name}`)
        else differences.push(`${path}/${name}: is missing`)
      }
    }
  }

  await compare('')
  return { differences, entries, bytes }
}

function pathOf(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(root), Buffer.from(path, 'latin1')])
}

async function namesIn(folder: Buffer): Promise<string[]> {
  return (await readdir(folder, { encoding: 'buffer' })).map((name) => name.toString('latin1'))
}

async function linkTarget(link: Buffer): Promise<string> {
  return (await readlink(link, { encoding: 'buffer' })).toString('latin1')
}
