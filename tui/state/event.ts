import type { Application, Topic } from '../../src/service/application/port.ts'
import type { HostData } from '../../src/service/application/shown.ts'
import type { Key } from '../keymap/key.ts'
import type { Answer, Failure } from './call.ts'
import type { Destination } from './destination.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** All that ever happens to the dashboard. */
export type Event =
  /** The application is there. */
  | { readonly kind: 'started'; readonly application: Pick<Application, 'host' | 'root'> }
  /** Somebody else runs jobs from now on. */
  | { readonly kind: 'host'; readonly host: HostData }
  | { readonly kind: 'key'; readonly key: Key }
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'resize'; readonly size: Size }
  | { readonly kind: 'tick'; readonly nowMs: number }
  | { readonly kind: 'changed'; readonly topic: Topic }
  | Answer
  | Failure

/** What of it reaches a screen, and what became of its keys and questions. */
export type ScreenEvent<Command extends string = string> =
  | { readonly kind: 'opened'; readonly destination: Destination }
  | { readonly kind: 'command'; readonly command: Command }
  /** A key while the screen takes text. */
  | { readonly kind: 'typed'; readonly key: Key }
  | { readonly kind: 'paste'; readonly text: string }
  /** Yes to the question that was asked under this name. */
  | { readonly kind: 'confirmed'; readonly question: string }
  | { readonly kind: 'tick'; readonly nowMs: number }
  /** What all screens see is no longer what it was. */
  | { readonly kind: 'shared' }
  | { readonly kind: 'changed'; readonly topic: Topic }
  | Answer
  | Failure
