import { accessSync, constants } from 'node:fs'
import { test } from 'vitest'

/** A test that mounts through /dev/fuse: skipped, and reported as such, where this process may not use that. */
export const fuseTest = test.skipIf(!isUsable('/dev/fuse'))

function isUsable(device: string): boolean {
  try {
    accessSync(device, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
