import {
  type ErrorCode,
  IntegrityError,
  KeyError,
  RunError,
  SourceError,
  StorageError,
  TargetError,
  TidemarkError,
  UsageError,
} from '../../base/errors.ts'

const CLASSES = { StorageError, IntegrityError, KeyError, SourceError, TargetError, UsageError, RunError }

/** An error on its way from one thread to another, which would lose its class and its code. */
export interface TransferredError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code?: ErrorCode
  readonly hint?: string
  readonly context?: Readonly<Record<string, string | number | boolean>>
}

export function encodeError(error: unknown): TransferredError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined }
  const { name, message, stack } = error
  if (!(error instanceof TidemarkError)) return { name, message, stack }
  const { code, context, hint } = error
  return { name, message, stack, code, context, ...(hint === undefined ? {} : { hint }) }
}

export function decodeError(error: TransferredError): Error {
  const { name, message, stack, code, hint, context } = error
  const Class = CLASSES[name as keyof typeof CLASSES] as (typeof CLASSES)[keyof typeof CLASSES] | undefined
  const decoded =
    Class === undefined || code === undefined
      ? new Error(message)
      : new Class(code, message, {
          ...(hint === undefined ? {} : { hint }),
          ...(context === undefined ? {} : { context }),
        })
  if (stack !== undefined) decoded.stack = stack
  return decoded
}
