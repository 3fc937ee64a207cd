import type { SecretVariables } from './secret-variables.ts'

/** What a command that goes on in the background is told by the one that started it. */
export type MessageToBackground =
  | { readonly type: 'begin'; readonly variables: SecretVariables; readonly interactive: boolean }
  /** `undefined`: nobody answered. */
  | { readonly type: 'answer'; readonly bytes: Uint8Array | undefined }

/** What it tells the one that started it, until it works. */
export type MessageFromBackground =
  /** A question to be asked on the terminal, without echo. */
  | { readonly type: 'ask'; readonly question: string }
  | { readonly type: 'said'; readonly on: 'stdout' | 'stderr'; readonly text: string }
  | { readonly type: 'working' }
