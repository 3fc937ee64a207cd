import { IntegrityError, TidemarkError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import { objectIdOf } from '../crypto/blake3.ts'
import { type Driver, type ObjectKind, type ObjectName, objectPath } from '../storage/driver.ts'

/**
 * Returns the whole object, checked against its name; the caller owns the bytes.
 * @throws {IntegrityError} ID_MISMATCH: the stored bytes are not those that were put. MALFORMED: more than `bytesMax`.
 * @throws {StorageError} NOT_FOUND and every other failure of the driver.
 */
export async function readObject(driver: Driver, name: ObjectName, bytesMax: number): Promise<Uint8Array> {
  const { bytes: size } = await driver.stat(name)
  if (size > bytesMax) {
    throw new IntegrityError('MALFORMED', `${objectPath(name)} has ${size} bytes, more than any such object.`, {
      context: { object: objectPath(name), bytes: size, bytesMax },
      hint: 'Something else put it there: run `tidemark check`.',
    })
  }
  const bytes = await driver.get(name)
  if (objectIdOf(bytes) === name.id) return bytes
  throw new IntegrityError('ID_MISMATCH', `${objectPath(name)} is damaged: its bytes are not those of its name.`, {
    context: { object: objectPath(name) },
    hint: 'Run `tidemark check` to learn what is affected.',
  })
}

/** Stores an object under the name that its bytes have; the same bytes there already are as good. */
export async function putObject(driver: Driver, kind: ObjectKind, parts: readonly Uint8Array[]): Promise<ObjectId> {
  const id = objectIdOf(...parts)
  try {
    await driver.put({ kind, id }, parts)
  } catch (error) {
    if (!(error instanceof TidemarkError && error.code === 'EXISTS')) throw error
  }
  return id
}

/** Returns the ids of all objects of `kind`, in ascending order. */
export async function listIds(driver: Driver, kind: ObjectKind): Promise<ObjectId[]> {
  const ids: ObjectId[] = []
  for await (const { name } of driver.list(kind)) ids.push(name.id)
  return ids.sort()
}
