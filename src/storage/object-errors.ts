import { StorageError } from '../base/errors.ts'
import { type ByteRange, type ObjectName, objectPath } from './driver.ts'

/** Returns the error of a driver that lacks `name`; `location` is the driver's. */
export function objectNotFound(name: ObjectName, location: string): StorageError {
  return new StorageError('NOT_FOUND', `${location} has no object ${objectPath(name)}`, {
    context: { object: objectPath(name), location },
    hint: 'Run `tidemark check` to learn what depends on it.',
  })
}

/** Returns the error of a put under a taken name; `location` is the driver's. */
export function objectExists(name: ObjectName, location: string): StorageError {
  return new StorageError('EXISTS', `${location} already has an object ${objectPath(name)}`, {
    context: { object: objectPath(name), location },
  })
}

/**
 * Returns `range`, or the whole object, as it lies in an object of `bytes` bytes. An empty range may lie at the end.
 *
 * @throws {StorageError} OUT_OF_RANGE when it is not made of whole, non-negative numbers inside the object.
 */
export function rangeInside(name: ObjectName, range: ByteRange | undefined, bytes: number): ByteRange {
  if (range === undefined) return { offset: 0, length: bytes }
  const { offset, length } = range
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
  // Compared by subtraction: the sum of two safe integers need not be one.
  if (whole && offset <= bytes && length <= bytes - offset) return range
  throw new StorageError(
    'OUT_OF_RANGE',
    `${objectPath(name)} has ${bytes} bytes, and ${length} bytes from ${offset} on do not lie inside`,
    {
      context: { object: objectPath(name), bytes, offset, length },
      hint: 'The object is shorter than what refers to it: run `tidemark check`.',
    },
  )
}

/** Returns the error of a range that a store says lies not in the object, whose size it does not tell. */
export function rangeOutside(name: ObjectName): StorageError {
  return new StorageError('OUT_OF_RANGE', `${objectPath(name)} ends before the range that was asked for`, {
    context: { object: objectPath(name) },
    hint: 'The object is shorter than what refers to it: run `tidemark check`.',
  })
}
