import { formatCount, numberOf } from '../base/number-of.ts'
import type { SuspicionRecord } from '../format/records.ts'

/** Says what is suspicious about a point; reasons of later versions are told by their names. */
export function suspicionText({ reason, usual, found }: SuspicionRecord): string {
  switch (reason) {
    case 'fewer-files':
      return `${numberOf(found, 'file')} where there usually are ${formatCount(usual)}`
    case 'incompressible':
      return `${numberOf(found, 'file')} changed to what cannot be compressed, where ${formatCount(usual)} usually change`
    default:
      return `${reason}: ${formatCount(found)}, usually ${formatCount(usual)}`
  }
}
