import { lstatSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'

import { SeededBytes } from './seeded-bytes.ts'
import { walk } from './machine-trees.ts'

/** Returns the sum of the sizes of the files below `root`, in bytes. */
export function treeBytes(root: string): number {
  let bytes = 0
  walk(root, (path, kind) => {
    if (kind === 'file') bytes += lstatSync(path).size
    return true
  })
  return bytes
}

/** Reads every file of `root`, a folder or a file, so that the page cache holds it; returns how much there is. */
export function warm(root: string): { readonly files: number; readonly bytes: number } {
  if (lstatSync(root).isFile()) return { files: 1, bytes: readFileSync(root).length }
  let files = 0
  let bytes = 0
  walk(root, (path, kind) => {
    if (kind === 'file') {
      files++
      bytes += readFileSync(path).length
    }
    return true
  })
  return { files, bytes }
}

/** Puts a few random bytes into the middle of every hundredth file below `root`; returns how to take that back. */
export function changeFiles(root: string, seed: string): () => void {
  const random = new SeededBytes(seed)
  const before: (() => void)[] = []
  let index = random.below(100)
  walk(root, (path, kind) => {
    if (kind !== 'file' || index++ % 100 !== 0) return true
    const content = readFileSync(path)
    const { atime, mtime } = lstatSync(path)
    const middle = content.length >> 1
    writeFileSync(path, Buffer.concat([content.subarray(0, middle), random.bytes(64), content.subarray(middle)]))
    before.push(() => {
      writeFileSync(path, content)
      utimesSync(path, atime, mtime)
    })
    return true
  })
  return () => {
    for (const revert of before) revert()
  }
}
