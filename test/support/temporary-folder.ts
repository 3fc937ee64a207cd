import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

/** Makes a folder that is gone when the running test has finished. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
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
