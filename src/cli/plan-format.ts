import { styleText } from 'node:util'

import { formatDuration } from '../base/format.ts'
import { numberOf } from '../base/number-of.ts'
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

/** What a daemon takes from its configuration. */
export interface TakenUp {
  /** The configuration file. */
  readonly file: string
  readonly plans: number
  /** The file is wrong: the plans are those of an earlier one. */
  readonly isMistaken: boolean
}

/** Says with what a daemon runs that has just begun. */
export function readyText({ file, plans, isMistaken }: TakenUp): string {
  return isMistaken
    ? `The daemon runs, but ${file} is wrong. ${sayInForce(plans)}`
    : `The daemon runs with ${numberOf(plans, 'plan')} of ${file}.`
}

/** Says what is in force while the configuration is wrong. */
export function sayInForce(plans: number): string {
  if (plans === 0) return 'No plan is in force: nothing is backed up by itself.'
  return `The daemon goes on with what was in force before: ${numberOf(plans, 'plan')}.`
}

/** Says what comes of an event for which `plans` wait, of which `paused` are paused. */
export function eventText(event: string, plans: readonly string[], paused: readonly string[]): string {
  if (plans.length === 0) return `No plan waits for "${event}".`
  const begin = plans.filter((plan) => !paused.includes(plan))
  const sentences = [
    ...(begin.length === 0 ? [] : [`"${event}" starts ${begin.join(', ')}.`]),
    ...paused.map((plan) => `${plan} is paused: it begins once \`tidemark plan resume ${plan}\` lets it go on.`),
  ]
  return sentences.join('\n')
}
