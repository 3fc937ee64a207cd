import { formatPermissions } from '../../src/base/permissions.ts'
import type { EntryData } from '../../src/service/application/shown.ts'
import { shownTime } from './when.ts'

/** Returns what of an entry's metadata changed, as far as it is shown: `rw-r--r-- → rw-------, owner a:a → b:b`. */
export function metadataChange(before: EntryData, after: EntryData): string {
  const facts = [
    ['', formatPermissions(before.mode), formatPermissions(after.mode)],
    ['owner ', `${before.owner}:${before.group}`, `${after.owner}:${after.group}`],
    ['time ', shownTime(before.modifiedMs), shownTime(after.modifiedMs)],
  ] as const
  const changes = facts.filter(([, old, now]) => old !== now).map(([name, old, now]) => `${name}${old} → ${now}`)
  return changes.length === 0 ? 'times or attributes' : changes.join(', ')
}
