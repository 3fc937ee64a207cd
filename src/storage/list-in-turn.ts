import type { Driver, ObjectInfo, ObjectKind } from './driver.ts'

/** What is listed of each of some kinds, in no order. */
export type Listed<Kind extends ObjectKind> = Readonly<Record<Kind, readonly ObjectInfo[]>>

/**
 * Lists groups of kinds one after the other, those of a group at once, with as few requests as the driver needs. Of one group alone, where
 * calls are cheap, each kind is listed by itself: `listKinds` would keep an order that nobody needs.
 *
 * The order is what a writer relies on: see docs/decisions/0056-few-requests.md, also for the one kind, `dead`, that
 * drivers with `listKinds` may look at before its group's turn.
 * @throws {StorageError} as `Driver.list`
 */
export async function listInTurn<Kind extends ObjectKind>(
  driver: Pick<Driver, 'list' | 'listKinds' | 'capabilities'>,
  groups: readonly (readonly Kind[])[],
  signal?: AbortSignal,
): Promise<Listed<Kind>> {
  const kinds = groups.flat()
  const listed = Object.fromEntries(kinds.map((kind) => [kind, []])) as unknown as Record<Kind, ObjectInfo[]>
  const isOrderNeeded = groups.length > 1
  if (driver.listKinds !== undefined && (isOrderNeeded || driver.capabilities.cheapCalls !== true)) {
    for await (const info of driver.listKinds(kinds, signal)) listed[info.name.kind as Kind].push(info)
    return listed
  }
  for (const group of groups) {
    await Promise.all(
      group.map(async (kind) => {
        for await (const info of driver.list(kind, signal)) listed[kind].push(info)
      }),
    )
  }
  return listed
}
