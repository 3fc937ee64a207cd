import { rmSync } from 'node:fs'

/** Removes a file of which a failed write may have left nothing at all. */
export function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The failure that led here is the one to tell.
  }
}
