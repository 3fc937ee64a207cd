import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Larger files of a tree are left out: the corpus is one of small files. */
const FILE_BYTES_MAX = 4e6

/** What a tree may give to a corpus, and what it gave. */
export interface TreeAmount {
  files: number
  folders: number
  bytes: number
}

/** Trees of real files that most machines have, those that exist. */
export function machineTrees(): { readonly headers: string[]; readonly python: string[]; readonly modules: string[] } {
  const prefix = spawnSync('python3', ['-c', 'import sys; print(sys.prefix)'], { encoding: 'utf8' }).stdout.trim()
  const python = prefix === '' || prefix === '/usr' ? [] : [join(prefix, 'lib')]
  const modules = join(import.meta.dirname, '../../node_modules')
  return {
    headers: ['/usr/include'].filter((path) => existsSync(path)),
    python: [...python, '/usr/lib/python3'].filter((path) => existsSync(path)),
    modules: [modules].filter((path) => existsSync(path)),
  }
}

/** Calls `visit` with the path of every entry below `root`, a folder before what it holds, in the order of their names. */
export function walk(root: string, visit: (path: string, kind: 'file' | 'folder' | 'link') => boolean): boolean {
  const entries = readdirSync(root, { withFileTypes: true })
  entries.sort((one, other) => (one.name < other.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(root, entry.name)
    if (entry.isDirectory()) {
      if (!visit(path, 'folder') || !walk(path, visit)) return false
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      if (!visit(path, entry.isFile() ? 'file' : 'link')) return false
    }
  }
  return true
}

/** Copies `source` to `target`, times included, until `most` is reached in files or bytes; returns what was copied. */
export function copyTree(source: string, target: string, most: { readonly files: number; readonly bytes: number }) {
  const done: TreeAmount = { files: 0, folders: 0, bytes: 0 }
  const folders = new Set<string>()
  walk(source, (path, kind) => {
    if (done.files >= most.files || done.bytes >= most.bytes) return false
    if (kind === 'folder') return true
    const { size, atime, mtime } = lstatSync(path)
    if (size > FILE_BYTES_MAX) return true
    const copy = join(target, path.slice(source.length + 1))
    if (!folders.has(dirname(copy))) {
      mkdirSync(dirname(copy), { recursive: true })
      folders.add(dirname(copy))
    }
    if (kind === 'link') {
      symlinkSync(readlinkSync(path), copy)
    } else {
      copyFileSync(path, copy)
      utimesSync(copy, atime, mtime)
      done.bytes += size
    }
    done.files++
    return true
  })
  done.folders = folders.size
  return done
}
