import type { Application } from './port.ts'
import type { HealthFinding } from './shown.ts'

/** What faces ask of plans, and of what is worth telling. */
export interface PlanDesk extends Pick<
  Application,
  'plans' | 'planForm' | 'explainPlan' | 'savePlan' | 'removePlan' | 'runPlan' | 'pausePlan'
> {
  /** Returns what is wrong with them. */
  findings(): Promise<readonly HealthFinding[]>
}

/** What faces ask of notifications. */
export interface NotificationDesk extends Pick<Application, 'notifications' | 'acknowledge'>, AsyncDisposable {
  /** Returns the points of which somebody has acknowledged that they hold less than those before them. */
  knownLess(): Promise<ReadonlySet<string>>
}
