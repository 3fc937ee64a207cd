import type { OpeningKey } from '../repository/slot-key.ts'
import { copyGiven, type GivenSecret, openingKeyOf, wipeGiven } from '../service/keys/held-key.ts'
import type { RepositoryPlace } from '../service/resolve-repository.ts'

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
    return copyGiven(given)
  }

  /** Returns a copy of what opens the repository itself, which the caller wipes. */
  async openingKey(place: RepositoryPlace): Promise<OpeningKey> {
    return openingKeyOf(await this.of(place))
  }

  [Symbol.dispose](): void {
    wipeGiven(this.#given)
  }
}
