import { unreachable } from '../../base/assert.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { CalendarDuration, RetentionPolicy } from '../../engine/care-types.ts'
import type { Plan, PlanSource, Step } from '../plans/plan.ts'
import type { DueStep } from '../schedule/schedule.ts'
import { COMMAND_KIND, type CommandMessage, encodeCommandMessage } from './command-message.ts'
import { eventText } from './event-text.ts'
import type { KeptEvent } from './job-store.ts'
import type { JobId, NewJob } from './job.ts'

/** Returns the job that does a step; its hooks are told of the event that had it run, if one had. */
export function jobOfStep(plan: Plan, step: Step, instance: InstanceId, event?: KeptEvent): NewJob {
  const message = commandOfStep(plan, step)
  const told = event === undefined || message.hooks === undefined ? {} : { hookInput: eventText(event) }
  return {
    instance,
    kind: COMMAND_KIND,
    message: encodeCommandMessage({ ...message, ...told }),
    plan: plan.name,
    step: step.name,
    ...(step.limitMs === undefined ? {} : { timeLimitMs: step.limitMs }),
  }
}

/**
 * Returns `job` as the one that answers a firing of the schedule. Asked for twice, it is the same one; a firing that comes
 * again after a clock was set back is another.
 *
 * @param last the job of the step that was added last.
 */
export function answering(job: NewJob, { dueMs }: Pick<DueStep, 'dueMs'>, last: JobId | undefined): NewJob {
  return { ...job, firingMs: dueMs, key: `${job.plan ?? ''}/${job.step ?? ''}/${dueMs}/${last ?? 0}` }
}

/** Returns what a step of a plan does: the command that a person would type, and the hooks around it. */
export function commandOfStep(plan: Plan, step: Step): CommandMessage {
  switch (step.kind) {
    case 'full':
      return { words: backupWords(plan, ['--full']), hooks: plan.hooks }
    case 'incremental':
      return { words: backupWords(plan, []), hooks: plan.hooks }
    case 'copy':
      return { words: command('copy', plan.repository, [option('to', step.to)]) }
    case 'verify':
      return { words: command('check', step.repository, [option('read-data', step.percent)]) }
    case 'forget':
      return { words: forgetWords(step.repository, step.policy, step.allInstances) }
    case 'prune':
      return { words: command('prune', step.repository, []) }
    case 'prove':
      return { words: command('prove', step.repository, [option('files', step.files), ...madeOf(plan.source)]) }
    default:
      return unreachable(step)
  }
}

/** Values stand in one word with their option: whatever a value begins with, it is no option itself. */
function option(name: string, value: string | number): string {
  return `--${name}=${value}`
}

function command(name: string, repository: string, options: readonly string[]): readonly string[] {
  return [name, '--json', option('repository', repository), ...options]
}

function backupWords({ source, repository, tags, description }: Plan, more: readonly string[]): readonly string[] {
  const options = [
    ...more,
    ...tags.map((tag) => option('tag', tag)),
    ...(description === '' ? [] : [option('description', description)]),
  ]
  return command('backup', repository, [...options, ...sourceWords(source)])
}

function sourceWords(source: PlanSource): readonly string[] {
  if (source.kind === 'command') return ['--from-command', option('name', source.file), '--', ...source.command]
  return [
    ...source.exclude.map((pattern) => option('exclude', pattern)),
    ...source.excludeFiles.map((path) => option('exclude-file', path)),
    ...source.excludeIfPresent.map((name) => option('exclude-if-present', name)),
    ...(source.excludeCaches ? ['--exclude-caches'] : []),
    ...(source.crossFilesystems ? ['--cross-filesystems'] : []),
    ...(source.strict ? ['--strict'] : []),
    '--',
    ...source.paths,
  ]
}

/** Of which points a plan's own are: what it backs up. Other plans may keep theirs in the same repository. */
function madeOf(source: PlanSource): readonly string[] {
  const sources = source.kind === 'command' ? [source.command.join(' ')] : source.paths
  return sources.map((each) => option('source', each))
}

function forgetWords(repository: string, policy: RetentionPolicy, allInstances: boolean): readonly string[] {
  const { within, tags = [], ...counts } = policy
  return command('forget', repository, [
    ...Object.entries(counts).map(([rule, count]) => option(`keep-${rule}`, count === Infinity ? 'unlimited' : count)),
    ...(within === undefined ? [] : [option('keep-within', durationText(within))]),
    ...tags.map((tag) => option('keep-tag', tag)),
    ...(allInstances ? ['--all-instances'] : []),
  ])
}

/** Returns a duration as `--keep-within` takes it: `1y6m`, `36h`. */
function durationText({ years, months, days, hours }: CalendarDuration): string {
  const parts = [
    [years, 'y'],
    [months, 'm'],
    [days, 'd'],
    [hours, 'h'],
  ] as const
  const text = parts.map(([count, unit]) => (count === 0 ? '' : `${count}${unit}`)).join('')
  return text === '' ? '0h' : text
}
