import type { Plan } from '../plans/plan.ts'
import {
  channelKey,
  failureKey,
  LOCKED,
  MISTAKE_KEY,
  partialKey,
  storeFullKey,
  unreachableKey,
  unwatchedKey,
} from './conditions.ts'
import type { Notification } from './notification.ts'

/** What a configuration knows, as far as notifications are about it. */
export interface Configured {
  readonly plans: readonly Plan[]
  /** By their names. */
  readonly channels: ReadonlyMap<string, unknown>
}

/** Returns whether what a notification is about is configured still: of what is not, nothing will ever say that it is over. */
export function isConfigured(
  { category, key, plan: name }: Pick<Notification, 'category' | 'key' | 'plan'>,
  { plans, channels }: Configured,
): boolean {
  const plan = plans.find((each) => each.name === name)
  switch (category) {
    case 'daemon':
      // Of these two it is known each time that it is looked whether they hold.
      if (key === MISTAKE_KEY || key.startsWith(LOCKED)) return true
      return [...channels.keys()].some((channel) => channelKey(channel) === key) || isWatched(key, plans)
    case 'store-full':
      return plans.some((each) => repositoriesOf(each).some((repository) => storeFullKey(repository) === key))
    case 'failure':
      return plan?.steps.some((step) => keysOf(plan.name, step.name).includes(key)) ?? false
    case 'no-success':
      return plan?.promise.noSuccessMs !== undefined
    case 'promise':
      return plan?.promise.recoveryMs !== undefined
    case 'tripwire':
    case 'coverage':
    case 'success':
    case 'recovery':
      return plan !== undefined
  }
}

/** The repositories that a plan fills. */
function repositoriesOf({ repository, steps }: Plan): string[] {
  return [repository, ...steps.flatMap((step) => (step.kind === 'copy' ? [step.to] : []))]
}

function keysOf(plan: string, step: string): string[] {
  return [failureKey({ plan, step }), partialKey({ plan, step }), unreachableKey(plan)]
}

function isWatched(key: string, plans: readonly Plan[]): boolean {
  const triggers = plans.flatMap((plan) => plan.triggers)
  return triggers.some((trigger) => trigger.kind === 'path' && unwatchedKey(trigger.path) === key)
}
