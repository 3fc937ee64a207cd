import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'

import { errnoOf } from './errors.ts'

/** What tells a process from every other one, also from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in the kernel's own units, and since which boot; empty where the system does not tell. */
  readonly started: string
}

/** Returns the identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid)
}

/** Returns the identity of the process that has this number now: a child, say, that nobody has waited for yet. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, started: startOf(pid) ?? '' }
}

/** Tells whether the process still runs. Where in doubt, it does. */
export function isRunning({ pid, started }: ProcessIdentity): boolean {
  if (!isThere(pid) || hasLeftNumber(pid)) return false
  const now = startOf(pid)
  return now === undefined || started === '' || now === started
}

/** Tells whether any process has this number. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return errnoOf(error) !== 'ESRCH'
  }
}

/** Returns when a process started, or `undefined` where there is no such process or no /proc. */
function startOf(pid: number): string | undefined {
  const [boot, ticks] = [bootId(), startTicks(pid)]
  return boot === undefined || ticks === undefined ? undefined : `${boot}/${ticks}`
}

const DOMAIN_DIGITS = 16
const TAG = /^([0-9a-f]{16})-([1-9][0-9]{0,9})-([0-9]{1,20})$/

let ownTag: string | undefined

/**
 * Returns a word for names of temporary files that tells who writes them: where process numbers are counted, the number,
 * and when it started. `undefined` where the system does not tell.
 */
export function processTag(): string | undefined {
  if (ownTag !== undefined) return ownTag
  const domain = numberDomain()
  const ticks = startTicks(process.pid)
  if (domain === undefined || ticks === undefined) return undefined
  return (ownTag = `${domain}-${process.pid}-${ticks}`)
}

/**
 * Tells whether the process that `processTag` named has ended. `undefined` where nobody here can know: it ran on another
 * machine, in another container, or before the last start of this one.
 */
export function hasEnded(tag: string): boolean | undefined {
  const [, domain, pid, ticks] = TAG.exec(tag) ?? []
  if (domain === undefined || domain !== numberDomain()) return undefined
  if (!isThere(Number(pid)) || hasLeftNumber(Number(pid))) return true
  const now = startTicks(Number(pid))
  return now !== undefined && now !== ticks
}

/** Names the one place in the world where a number means one process: this boot's, this container's. */
function numberDomain(): string | undefined {
  const boot = bootId()
  if (boot === undefined) return undefined
  try {
    const container = readlinkSync('/proc/self/ns/pid')
    return createHash('sha256').update(`${boot}/${container}`).digest('hex').slice(0, DOMAIN_DIGITS)
  } catch {
    return undefined
  }
}

/** Returns when a process started, in ticks since the system did. */
function startTicks(pid: number): string | undefined {
  // The second field of all, the name, is not among these: the 22nd is the start.
  return statFields(pid)?.[19]
}

/** Tells whether a process has ended, and only its number is left until its parent, or the first process, asks for it. */
function hasLeftNumber(pid: number): boolean {
  return statFields(pid)?.[0] === 'Z'
}

/** Returns what the kernel tells of a process from the third field on, its state. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in parentheses that may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return undefined
  }
}
