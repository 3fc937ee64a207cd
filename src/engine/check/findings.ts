import type { TidemarkError } from '../../base/errors.ts'
import type { CheckEvents } from './check-types.ts'

/** Tells of what a check finds, each thing once, and counts it. */
export class Findings {
  readonly #events: CheckEvents
  readonly #told = new Set<string>()
  /** Objects, such as `marks/…`, whose bytes are not those of their names. */
  readonly rotten: string[] = []
  damage = 0
  notes = 0

  constructor(events: CheckEvents) {
    this.#events = events
  }

  /** Takes note of damage. */
  readonly damaged = (problem: TidemarkError): void => {
    if (!this.#isNew(problem)) return
    this.damage++
    const { object } = problem.context
    if (problem.code === 'ID_MISMATCH' && typeof object === 'string') this.rotten.push(object)
    this.#events.finding?.({ kind: 'damage', problem })
  }

  /** Takes note of something that nothing suffers from. */
  readonly noted = (problem: TidemarkError): void => {
    if (!this.#isNew(problem)) return
    this.notes++
    this.#events.finding?.({ kind: 'note', problem })
  }

  /** Several that look at one record say the same of it. */
  #isNew({ message }: TidemarkError): boolean {
    if (this.#told.has(message)) return false
    this.#told.add(message)
    return true
  }
}
