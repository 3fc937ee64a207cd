import type { InstanceId } from '../../base/ids.ts'
import type { PlanHistory, StepHistory } from '../schedule/schedule.ts'
import type { Row, StateDatabase } from '../state-database.ts'

/** Whose histories are asked for, and when. */
interface HistoryQuery {
  readonly instance: InstanceId
  readonly plans: readonly string[]
  readonly nowMs: number
}

/** Returns what `JobStore.histories` promises. */
export function readHistories(
  database: StateDatabase,
  { instance, plans, nowMs }: HistoryQuery,
): ReadonlyMap<string, PlanHistory> {
  const names = JSON.stringify(plans)
  return database.transaction(() => {
    database.change(FORGET_PLANS, instance, names)
    database.change(SEE_PLANS, instance, nowMs, names)
    const rows = database.all(LAST_OF_STATES, instance, names)
    const steps = stepsByPlan(rows)
    const seen = database.all('SELECT name, since_ms FROM plan WHERE instance = ?', instance)
    return new Map(
      seen.map((row) => {
        const name = String(row['name'])
        const cancelledDueMs = lastCancelled(rows, name)
        return [name, { sinceMs: Number(row['since_ms']), steps: steps.get(name) ?? new Map(), cancelledDueMs }]
      }),
    )
  })
}

/** Puts together the last jobs of each state of each step; rows are in the order in which the jobs were added. */
function stepsByPlan(rows: readonly Row[]): Map<string, Map<string, StepHistory>> {
  const plans = new Map<string, Map<string, StepHistory>>()
  for (const row of rows) {
    const [plan, step] = [String(row['plan']), String(row['step'])]
    const steps = plans.get(plan) ?? new Map<string, StepHistory>()
    plans.set(plan, steps)
    steps.set(step, withJob(steps.get(step), row))
  }
  return plans
}

/** Of those that answered a firing: what was asked for by hand is nobody else's turn. */
function lastCancelled(rows: readonly Row[], plan: string): number | undefined {
  const last = rows.findLast((row) => {
    return row['plan'] === plan && row['state'] === 'cancelled' && row['answered_ms'] !== null
  })
  return last === undefined ? undefined : Number(last['answered_ms'])
}

function withJob(earlier: StepHistory | undefined, row: Row): StepHistory {
  const { state } = row
  const dueMs = Number(row['firing_ms'])
  return {
    attemptDueMs: dueMs,
    active: earlier?.active === true || state === 'queued' || state === 'running',
    success: state === 'done' ? { dueMs, endedMs: Number(row['finished_ms']) } : earlier?.success,
  }
}

const FORGET_PLANS = 'DELETE FROM plan WHERE instance = ? AND name NOT IN (SELECT value FROM json_each(?))'

const SEE_PLANS = `
  INSERT INTO plan (instance, name, since_ms) SELECT ?, value, ? FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`

/** What was asked for by hand answers the moment at which it was. */
const LAST_OF_STATES = `
  SELECT job.plan, job.step, job.state, coalesce(job.firing_ms, job.added_ms) AS firing_ms,
    job.firing_ms AS answered_ms, job.finished_ms
  FROM job JOIN (
    SELECT max(id) AS id FROM job
    WHERE instance = ? AND plan IN (SELECT value FROM json_each(?)) AND step IS NOT NULL
    GROUP BY plan, step, state
  ) AS last ON last.id = job.id
  ORDER BY job.id`
