import { type ErrorCode, StorageError } from '../base/errors.ts'
import { type ObjectName, objectPath } from './driver.ts'
import { objectExists, objectNotFound, rangeOutside } from './object-errors.ts'

/** What a failure means for a store. */
export interface FailureReading {
  readonly code: ErrorCode
  readonly retry?: 'transient'
  /** The beginning of a sentence that goes on with "while …". */
  readonly says: string
  readonly hint: string
  readonly retryAfterSeconds?: number | undefined
}

/** What a call of a driver was about. */
export interface DriverCall {
  readonly doing: 'making' | 'writing' | 'reading' | 'looking at' | 'removing' | 'listing'
  /** `undefined` for the whole store. */
  readonly name?: ObjectName | undefined
  /** The driver's. */
  readonly location: string
  readonly signal?: AbortSignal | undefined
}

/** How a kind of store says what went wrong. */
export interface FailureReader {
  /** What the store's answer says of the object that was asked for, where it does. */
  readonly ofObject: (error: Error) => 'NOT_FOUND' | 'EXISTS' | 'OUT_OF_RANGE' | undefined
  /** `undefined` for what is no failure of a store. */
  readonly ofStore: (error: Error) => FailureReading | undefined
}

/**
 * Does `act` and returns its result.
 *
 * @throws the signal's reason, once that was aborted.
 * @throws {StorageError} what its failure means for a store; what is none is thrown as it is.
 */
export async function withMeaning<T>(call: DriverCall, reader: FailureReader, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    call.signal?.throwIfAborted()
    if (!(error instanceof Error) || error instanceof StorageError) throw error
    throw meaningOf(error, call, reader)
  }
}

function meaningOf(error: Error, { doing, name, location }: DriverCall, reader: FailureReader): Error {
  const ofObject = name === undefined ? undefined : reader.ofObject(error)
  if (name !== undefined && ofObject !== undefined) return objectError(ofObject, name, location)
  const reading = reader.ofStore(error)
  if (reading === undefined) return error
  const what = name === undefined ? location : `${location}, ${objectPath(name)}`
  const { code, retry = 'never', says, hint, retryAfterSeconds } = reading
  return new StorageError(code, `${says} while ${doing} ${what}`, {
    retry,
    hint,
    cause: error,
    context: { object: what, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) },
  })
}

function objectError(code: 'NOT_FOUND' | 'EXISTS' | 'OUT_OF_RANGE', name: ObjectName, location: string): StorageError {
  if (code === 'NOT_FOUND') return objectNotFound(name, location)
  return code === 'EXISTS' ? objectExists(name, location) : rangeOutside(name)
}
