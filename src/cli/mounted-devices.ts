import { realpathSync } from 'node:fs'

import { tidemarkMounts } from '../../fuse/transports/kernel/mounts.ts'
import { byteStringOf, display } from '../base/byte-string.ts'
import { UsageError } from '../base/errors.ts'

/**
 * Returns the devices, as `major:minor`, on which Restoring Points are mounted: no backup enters them.
 *
 * @throws {UsageError} BAD_ARGUMENT: one of `roots`, absolute paths, lies on one of them.
 */
export function mountedDevices(roots: readonly string[]): ReadonlySet<string> {
  // Elsewhere no list tells which mounts are ours.
  if (process.platform !== 'linux') return new Set()
  const mounts = tidemarkMounts()
  if (mounts.length === 0) return new Set()
  for (const root of roots) {
    const path = byteStringOf(behindLinks(root))
    const holder = mounts.find((mount) => path === mount.path || path.startsWith(`${mount.path}/`))
    if (holder === undefined) continue
    throw new UsageError(
      'BAD_ARGUMENT',
      `${root} is no source: Restoring Points are mounted at ${display(holder.path)}`,
      {
        context: { path: root },
        hint: 'Back up the original. `tidemark copy` copies points to another repository.',
      },
    )
  }
  return new Set(mounts.map(({ devMajor, devMinor }) => `${devMajor}:${devMinor}`))
}

/** Returns where a path leads; one that leads nowhere is told of when it is read. */
function behindLinks(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
