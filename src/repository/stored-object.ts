import { collect } from '../base/collect.ts'
import { IntegrityError, TidemarkError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import { objectIdOf } from '../crypto/blake3.ts'
import { type Driver, type ObjectInfo, type ObjectKind, type ObjectName, objectPath } from '../storage/driver.ts'

/** What objects are listed in and read from. */
export type ObjectSource = Pick<Driver, 'get' | 'list' | 'stat'>

/**
 * Returns the whole object, checked against its name; the caller owns the bytes. `listedBytes`, where a listing told its
 * size, saves asking for it.
 * @throws {IntegrityError} ID_MISMATCH: the stored bytes are not those that were put. MALFORMED: more than `bytesMax`.
 * @throws {StorageError} NOT_FOUND and every other failure of the driver.
 */
export async function readObject(
  from: Pick<ObjectSource, 'get' | 'stat'>,
  name: ObjectName,
  bytesMax: number,
  listedBytes?: number,
): Promise<Uint8Array> {
  const size = listedBytes ?? (await from.stat(name)).bytes
  if (size > bytesMax) {
    throw new IntegrityError('MALFORMED', `${objectPath(name)} has ${size} bytes, more than any such object`, {
      context: { object: objectPath(name), bytes: size, bytesMax },
      hint: 'Something else put it there: run `tidemark check`.',
    })
  }
  const bytes = await from.get(name)
  if (objectIdOf(bytes) === name.id) return bytes
  throw new IntegrityError('ID_MISMATCH', `${objectPath(name)} is damaged: its bytes are not those of its name`, {
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
export async function listIds(from: Pick<ObjectSource, 'list'>, kind: ObjectKind): Promise<ObjectId[]> {
  return (await listObjects(from, kind)).map(({ name }) => name.id)
}

/** Returns all objects of `kind`, in ascending order of id. */
export async function listObjects(from: Pick<ObjectSource, 'list'>, kind: ObjectKind): Promise<ObjectInfo[]> {
  return inOrderOfId(await collect(from.list(kind)))
}

/** Returns what was listed in ascending order of id. */
export function inOrderOfId(infos: readonly ObjectInfo[]): ObjectInfo[] {
  return infos.toSorted((a, b) => (a.name.id < b.name.id ? -1 : 1))
}
