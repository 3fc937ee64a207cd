import type { OpeningKey, SlotSecret } from '../repository/slot-key.ts'
import { copyHeldKey, type HeldKey, wipeHeldKey } from '../service/keys/held-key.ts'
import type { RepositoryPlace } from '../service/resolve-repository.ts'

/** What opens one repository: what a person or a machine has, or what an unlocked daemon keeps. */
export type GivenSecret = SlotSecret | HeldKey

/** What opens one repository, asked for once however often it is needed. Disposing of it wipes it. */
export class OneSecret implements Disposable {
  readonly #ask: (place: RepositoryPlace) => Promise<GivenSecret>
  #asked: Promise<GivenSecret> | undefined
  #given: GivenSecret | undefined

  constructor(ask: (place: RepositoryPlace) => Promise<GivenSecret>) {
    this.#ask = ask
  }

  /** Returns a copy, which the caller wipes. */
  async of(place: RepositoryPlace): Promise<GivenSecret> {
    this.#asked ??= this.#ask(place)
    const given = await this.#asked
    this.#given = given
    return given.kind === 'derived' ? copyHeldKey(given) : { ...given, bytes: given.bytes.slice() }
  }

  /** Returns a copy of what opens the repository itself, which the caller wipes. */
  async openingKey(place: RepositoryPlace): Promise<OpeningKey> {
    const given = await this.of(place)
    if (given.kind !== 'derived') return given
    const { credentials, ...key } = given
    for (const credential of credentials.values()) credential.fill(0)
    return key
  }

  [Symbol.dispose](): void {
    wipeGiven(this.#given)
  }
}

export function wipeGiven(given: GivenSecret | undefined): void {
  if (given?.kind === 'derived') wipeHeldKey(given)
  else given?.bytes.fill(0)
}
