import { createHash, randomBytes } from 'node:crypto'

import { collect } from '../../src/base/collect.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import type { Driver, ObjectInfo, ObjectKind, ObjectName } from '../../src/storage/driver.ts'

/** Returns the name of an object whose id follows from `text`, so that a test can name it again. */
export function objectNamed(text: string, kind: ObjectKind = 'packs'): ObjectName {
  return { kind, id: createHash('sha256').update(text).digest('hex') as ObjectId }
}

/** Returns a name that no other object has, also in a store that earlier tests filled. */
export function freshName(kind: ObjectKind = 'packs'): ObjectName {
  return objectNamed(randomBytes(16).toString('hex'), kind)
}

/** Returns all objects of `kind`, in the order of their ids. */
export async function listAll(driver: Driver, kind: ObjectKind): Promise<ObjectInfo[]> {
  const infos = await collect(driver.list(kind))
  return infos.sort((a, b) => (a.name.id < b.name.id ? -1 : 1))
}

/** Returns the ids of all objects of `kind`, sorted; an object that was listed twice stands there twice. */
export async function listIds(driver: Driver, kind: ObjectKind): Promise<ObjectId[]> {
  return (await listAll(driver, kind)).map((info) => info.name.id)
}
