import type { ProbeCheck } from './probe.ts'

/** What each check is called, and what it means where the store fails it. */
export const PROBE_MEANINGS: Readonly<
  Record<ProbeCheck, { readonly title: string; readonly otherwise: string; readonly isVital: boolean }>
> = {
  'stores-and-gives-back': {
    title: 'gives back what was put',
    otherwise: 'it gives back other bytes: no repository can lie here',
    isVital: true,
  },
  'refuses-a-taken-name': {
    title: 'refuses a taken name',
    otherwise: 'an object can be overwritten by one of the same name, which has the same bytes',
    isVital: false,
  },
  'one-of-two-racing-puts-wins': {
    title: 'lets one of two racing puts win',
    otherwise: 'of two writers at the same instant both may think that they were first: harmless, names are hashes',
    isVital: false,
  },
  'gives-ranges': {
    title: 'gives parts of objects',
    otherwise: 'it gives other parts than were asked for: no repository can lie here',
    isVital: true,
  },
  'lists-what-was-just-put': {
    title: 'lists what was just put',
    otherwise: 'its listings lag: use a long --prune-grace, and never prune with --exclusive',
    isVital: false,
  },
  'forgets-what-was-removed': {
    title: 'no longer lists what was removed',
    otherwise: 'its listings lag: use a long --prune-grace, and never prune with --exclusive',
    isVital: false,
  },
  'takes-large-objects': {
    title: 'takes objects of 16 MiB',
    otherwise: 'it does not keep large objects whole: no repository can lie here',
    isVital: true,
  },
}

/** Tells whether a store does all without which a repository is not safe in it. */
export function isSafeStore(checks: ReadonlyMap<ProbeCheck, boolean>): boolean {
  return [...checks].every(([check, isProven]) => isProven || !PROBE_MEANINGS[check].isVital)
}

/** Returns what it means that a store does not do all that a good one does: a sentence for each thing, none twice. */
export function missingGuarantees(checks: ReadonlyMap<ProbeCheck, boolean>): readonly string[] {
  const failed = [...checks].filter(([, isProven]) => !isProven)
  return [...new Set(failed.map(([check]) => PROBE_MEANINGS[check].otherwise))]
}
