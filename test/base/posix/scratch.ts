import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type ByteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { closeDescriptor } from '../../../src/base/posix/descriptors.ts'
import { openDirectory } from '../../../src/base/posix/directory.ts'

export interface Scratch {
  path: string
  fd: number
}

/** Gives the tests of one file a directory of their own, with its descriptor; filled in before the first runs. */
export function useScratch(): Scratch {
  const scratch: Scratch = { path: '', fd: -1 }
  beforeAll(() => {
    scratch.path = mkdtempSync(join(tmpdir(), 'tidemark-posix-'))
    scratch.fd = openDirectory(byteStringOf(scratch.path))
  })
  afterAll(() => {
    closeDescriptor(scratch.fd)
    rmSync(scratch.path, { recursive: true, force: true })
  })
  return scratch
}

/** Brands a name written in a test; characters above U+00FF have no place in it. */
export function name(text: string): ByteString {
  return text as ByteString
}

/** Returns the code of the error that `action` throws, such as `ENOENT`. */
export function codeOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return undefined
}
