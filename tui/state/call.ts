import type { Application } from '../../src/service/application/port.ts'
import type { Problem } from './problem.ts'
import type { ScreenName } from './screen-name.ts'

/** The port's functions that are answered: all but the subscription and the end. */
export type Method = Exclude<
  {
    [M in keyof Application]: Application[M] extends (...given: never[]) => unknown ? M : never
  }[keyof Application],
  'subscribe' | symbol
>

/** Those that stop when they are no longer wanted: their last argument is a signal. */
type Stoppable = {
  [M in Method]: Parameters<Application[M]> extends readonly [...unknown[], AbortSignal] ? M : never
}[Method]

const STOPPABLE: Readonly<Record<Stoppable, true>> = {
  addRepository: true,
  testDriver: true,
  entries: true,
  content: true,
  history: true,
  find: true,
  diff: true,
  preview: true,
  previewUndo: true,
}

/** Tells whether a function of the port takes a signal. */
export function isStoppable(method: Method): boolean {
  return method in STOPPABLE
}

type WithoutSignal<A extends readonly unknown[]> = A extends readonly [...infer Rest, AbortSignal] ? Rest : A
/** What a function of the port is given; its signal is the runner's affair. */
export type Arguments<M extends Method> = Readonly<WithoutSignal<Parameters<Application[M]>>>
/** What it answers; of a stream, the items since the part before. */
export type Value<M extends Method> =
  ReturnType<Application[M]> extends AsyncIterable<infer Item> ? readonly Item[] : Awaited<ReturnType<Application[M]>>

/**
 * Who asks, and what for: `browse:preview`. A call takes the place of the one before it in the same slot, whose answer
 * nobody waits for any longer.
 */
export type Slot = `${ScreenName | 'shared'}:${string}`

/** A call of the port as data. */
export type Call = {
  [M in Method]: { readonly kind: 'call'; readonly slot: Slot; readonly method: M; readonly args: Arguments<M> }
}[Method]

/** What a call was answered. A stream is answered in parts, of which the last one is `isLast`. */
export type Answer = {
  [M in Method]: {
    readonly kind: 'answer'
    readonly slot: Slot
    readonly method: M
    readonly args: Arguments<M>
    readonly value: Value<M>
    readonly isLast: boolean
  }
}[Method]

/** A call that failed. */
export interface Failure {
  readonly kind: 'failure'
  readonly slot: Slot
  readonly method: Method
  readonly problem: Problem
}

export function call<M extends Method>(slot: Slot, method: M, ...args: Arguments<M>): Call {
  // The union holds this very member for every M.
  return { kind: 'call', slot, method, args } as unknown as Call
}

/** Whatever is asked for in `slot` is no longer wanted. */
export interface Drop {
  readonly kind: 'drop'
  readonly slot: Slot
}

/** What a reducer wants done. */
export type Effect = Call | Drop | { readonly kind: 'quit' | 'repaint' }
