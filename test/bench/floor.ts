import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { Command } from './measure.ts'
import { baseEnvironment } from './tool.ts'
import type { Place, Tool } from './tool.ts'

/** How the report tells what they do. */
export const FLOOR_TEXT =
  '`tar | zstd -3 -T2 | openssl enc -chacha20` for a first backup, the same of what `find -newer` names for a later one, and ' +
  '`cp -a` for a restore: no key to derive, no deduplication, no index, no check of what was written.'

const PROGRAMS = ['tar', 'zstd', 'openssl', 'find', 'cp']
// The key is of zeros: it is the work that is measured.
const STORE = 'tar -cf - --null -T - | zstd -q -3 -T2 | openssl enc -chacha20 -K 00 -iv 00 >"$3"'
const ALL = `printf '%s\\0' "$1" | ${STORE}`
const NEWER = `find "$1" -type f -newer "$2" -print0 | ${STORE}`

/**
 * Returns the system's own programs in the place of a backup tool, doing the least of the same work: what a tool of such
 * a design takes at least on this machine. `undefined` where one of them is missing.
 */
export function findFloor(): Tool | undefined {
  if (PROGRAMS.some((name) => spawnSync(name, ['--version']).error !== undefined)) return undefined
  return {
    name: "the system's own programs",
    isDistribution: true,
    init: () => [],
    backup: (place, { name, source }) => {
      const first = join(place.repository, 'first')
      const script = existsSync(first) ? NEWER : ALL
      mkdirSync(place.repository, { recursive: true })
      return {
        words: ['sh', '-c', script, 'sh', source, first, join(place.repository, name)],
        environment: baseEnvironment(place),
        cwd: place.home,
      }
    },
    restore: (place, { source, target }) => ({
      words: ['cp', '-aT', source, target],
      environment: baseEnvironment(place),
      cwd: place.home,
    }),
  }
}

/** How the report tells what it does. */
export const MOUNT_FLOOR_TEXT =
  'a file system in user space that is written in C, of an image of the same trees with zstd and blocks of 1 MiB: nothing is ' +
  'encrypted, deduplicated or checked, there is one tree and not a folder of points, and no file has further attributes.'

// All that was given so far is packed anew: an image holds paths from its root on.
const PACK = `printf '%s\\0' "$1" >>sources && xargs -0 sh -c \
  'mksquashfs "$@" image -tarstyle -noappend -quiet -no-progress -comp zstd -Xcompression-level 3 -b 1M' sh <sources`

/** Returns a mount of a compressed image in the place of a backup tool's. `undefined` where its programs are missing. */
export function findMountFloor(): Tool | undefined {
  if (['mksquashfs', 'squashfuse_ll'].some((name) => spawnSync(name, ['--help']).error !== undefined)) return undefined
  const packed = (place: Place, words: Command['words']): Command => ({
    words,
    environment: baseEnvironment(place),
    cwd: place.home,
  })
  return {
    name: '`squashfuse`',
    isDistribution: true,
    init: () => [],
    backup: (place, { source }) => packed(place, ['sh', '-c', PACK, 'sh', source]),
    restore: (place, { source, target }) => packed(place, ['cp', '-aT', source, target]),
    mounting: {
      mount: (place, directory) => packed(place, ['squashfuse_ll', '-f', 'image', directory]),
      // The mount is itself the only one.
      backups: dirname,
    },
  }
}
