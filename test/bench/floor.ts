import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { baseEnvironment } from './tool.ts'
import type { Tool } from './tool.ts'

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
