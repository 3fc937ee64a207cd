import { styleText } from 'node:util'

import { formatDuration } from '../base/format.ts'
import type { PlanDocument } from '../service/control/documents.ts'
import { shownOf } from './control-format.ts'

/** Returns a line for each promise that a plan does not keep, red where standard output is a terminal that shows colours. */
export function missedLines(plans: readonly Pick<PlanDocument, 'name' | 'missed'>[]): string[] {
  return plans.flatMap(({ name, missed }) => {
    return missed.map(({ promise, promisedMs, actualMs }) => {
      const [promised, actual] = [formatDuration(promisedMs), formatDuration(actualMs)]
      const what =
        promise === 'recovery'
          ? `a restore would take ${actual}; it promises ${promised}`
          : `no point for ${actual}; it promises one every ${promised}`
      return styleText('red', `${shownOf(name)} misses its promise: ${what}`)
    })
  })
}
