import type { ErrorCode, TidemarkError } from '../../src/base/errors.ts'
import type { HostKey } from '../../src/service/application/port.ts'

/** What went wrong, as it is shown. */
export interface Problem {
  readonly code: ErrorCode
  readonly message: string
  /** What to do next. */
  readonly hint: string | undefined
  /** The field of a form that it is about, where the service tells. */
  readonly field?: string
  /** Of a server of whose key nothing is known: somebody may accept it. */
  readonly unknownKey?: UnknownHostKey
}

/** A key to be compared with what the owner of a server says. */
export interface UnknownHostKey extends HostKey {
  /** Such as `ssh-ed25519`. */
  readonly type: string
  readonly fingerprint: string
}

export function problemOf(error: TidemarkError): Problem {
  const { code, message, hint, context } = error
  const { field } = context
  const unknownKey = unknownKeyIn(context)
  return {
    ...{ code, message, hint },
    ...(typeof field === 'string' ? { field } : {}),
    ...(unknownKey === undefined ? {} : { unknownKey }),
  }
}

/** As drivers tell of it who refuse such servers. */
function unknownKeyIn({
  host,
  port,
  keyType: type,
  fingerprint,
  hostKey: key,
}: TidemarkError['context']): UnknownHostKey | undefined {
  const isTold = typeof host === 'string' && typeof port === 'number' && typeof key === 'string'
  if (!isTold || typeof type !== 'string' || typeof fingerprint !== 'string') return undefined
  return { host, port, key, type, fingerprint }
}
