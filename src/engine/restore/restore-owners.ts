import { OwnerNames } from '../../base/posix/owners.ts'

/** Whom entries belong to here: to the user of the same name where there is one, otherwise to the same number. */
export class RestoreOwners {
  readonly #names = new OwnerNames()
  readonly #isNumeric: boolean

  constructor({ numericIds }: { readonly numericIds: boolean }) {
    this.#isNumeric = numericIds
  }

  uid(uid: number, users: ReadonlyMap<number, string>): number {
    const name = this.#isNumeric ? undefined : users.get(uid)
    return (name === undefined ? undefined : this.#names.userId(name)) ?? uid
  }

  gid(gid: number, groups: ReadonlyMap<number, string>): number {
    const name = this.#isNumeric ? undefined : groups.get(gid)
    return (name === undefined ? undefined : this.#names.groupId(name)) ?? gid
  }
}
