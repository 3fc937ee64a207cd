import type { Trigger, Window } from './plan.ts'

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

/** Says in words when a trigger fires, such as `every day, between 01:00 and 05:00`. */
export function explainTrigger(trigger: Trigger): string {
  switch (trigger.kind) {
    case 'hourly':
      return `every hour${between(trigger.window)}`
    case 'daily':
      return `every day${between(trigger.window ?? FIRST_HOUR)}`
    case 'weekly':
      return `every ${WEEKDAYS[trigger.weekday] ?? ''}${between(trigger.window ?? FIRST_HOUR)}`
    case 'monthly':
      return `on ${dayName(trigger.day)} of every month${between(trigger.window ?? FIRST_HOUR)}`
    case 'every':
      return `every ${durationInWords(trigger.ms)}${between(trigger.window)}`
    case 'time':
      return `every day at ${timeOfDay(trigger.minute)}`
    case 'moment':
      return `once, at ${trigger.at.replace('T', ' ')}`
    case 'cron':
      return `by cron: ${trigger.expression}${trigger.timeZone === undefined ? '' : `, by clocks of ${trigger.timeZone}`}`
    case 'event':
      return `when the event ${trigger.name} is raised`
    case 'path':
      return `when ${trigger.path} changes`
    case 'volume':
      return `when a volume labelled ${trigger.label} appears`
    case 'boot':
      return 'when the machine starts'
  }
}

/** When a day's or longer trigger fires that names no window. */
export const FIRST_HOUR: Window = { fromMinute: 0, toMinute: 60 }

function between(window: Window | undefined): string {
  return window === undefined ? '' : `, between ${timeOfDay(window.fromMinute)} and ${timeOfDay(window.toMinute)}`
}

function timeOfDay(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}

function dayName(day: number | 'last'): string {
  if (day === 'last') return 'the last day'
  const isTeen = day >= 11 && day <= 13
  return `the ${day}${(isTeen ? undefined : ['th', 'st', 'nd', 'rd'][day % 10]) ?? 'th'}`
}

const UNITS = [
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const

/** The same in the largest units, such as `1 hour 30 minutes`. */
function durationInWords(ms: number): string {
  const words: string[] = []
  let rest = ms
  for (const [name, unitMs] of UNITS) {
    const count = Math.floor(rest / unitMs)
    rest -= count * unitMs
    if (count > 0) words.push(`${count} ${name}${count === 1 ? '' : 's'}`)
  }
  return words.join(' ').replace(/^1 (\w+)$/, '$1')
}
