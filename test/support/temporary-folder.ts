import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { memoryFolder } from '../simulation/memory-folder.ts'

/** Makes a folder that is gone when the running test has finished. */
export function temporaryFolder(): string {
  return folderIn(tmpdir())
}

/**
 * As `temporaryFolder`, in memory where that can be: for stores that sync whatever they are told, whose tests would
 * wait for the disk, and for everybody else who writes to it.
 */
export function temporaryMemoryFolder(): string {
  return folderIn(memoryFolder())
}

function folderIn(parent: string): string {
  const path = mkdtempSync(join(parent, 'tidemark-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Mounts a RAM disk of `bytes` bytes on a new folder, until the running test has finished. Needs root. */
export function temporaryVolume(bytes: number): { readonly path: string; remount(options: string): void } {
  const path = temporaryFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tidemark-test', path])
  onTestFinished(() => void execFileSync('umount', ['--lazy', path]))
  return { path, remount: (options) => void execFileSync('mount', ['-o', `remount,${options}`, path]) }
}
