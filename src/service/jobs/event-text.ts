import type { EventTrigger } from '../plans/plan.ts'
import type { KeptEvent } from './job-store.ts'
import type { Json } from './job.ts'

/** Returns what happened as hooks read it on standard input: docs/json.md, "Hooks". */
export function eventText({ event, atMs, about }: KeptEvent): string {
  const document: Json = { ...subjectOf(event), time: new Date(atMs).toISOString(), about: about ?? null }
  return `${JSON.stringify(document)}\n`
}

function subjectOf(event: EventTrigger): Readonly<Record<string, string>> {
  switch (event.kind) {
    case 'event':
      return { trigger: 'event', name: event.name }
    case 'path':
      return { trigger: 'path', path: event.path }
    case 'volume':
      return { trigger: 'volume', label: event.label }
    case 'boot':
      return { trigger: 'boot' }
  }
}
