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

const NO_FILE_HINT =
  'Only regular files belong into a repository: put the real one in its place, or remove what lies there.'

/** Returns the error of looking for `name` where something lies that is no regular file: the object is not there. */
export function notAFile(name: ObjectName, path: string): StorageError {
  return new StorageError('NOT_FOUND', `${objectPath(name)} is not there: ${path} is no regular file`, {
    context: { object: objectPath(name), path },
    hint: `${NO_FILE_HINT} \`tidemark check\` names what is affected.`,
  })
}

/** Returns the error of storing `name` where something lies that is no regular file. */
export function nameTaken(name: ObjectName, path: string): StorageError {
  return new StorageError('STORE_FAILED', `${objectPath(name)} cannot be stored: ${path} is no regular file`, {
    context: { object: objectPath(name), path },
    hint: NO_FILE_HINT,
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
