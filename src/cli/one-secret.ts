import type { SlotSecret } from '../repository/slot-key.ts'
import type { RepositoryPlace } from '../service/resolve-repository.ts'

/** What opens one repository, asked for once however often it is needed. Disposing of it wipes it. */
export class OneSecret implements Disposable {
  readonly #ask: (place: RepositoryPlace) => Promise<SlotSecret>
  #asked: Promise<SlotSecret> | undefined
  #bytes: Uint8Array | undefined

  constructor(ask: (place: RepositoryPlace) => Promise<SlotSecret>) {
    this.#ask = ask
  }

  /** Returns a copy, which the caller wipes. */
  async of(place: RepositoryPlace): Promise<SlotSecret> {
    this.#asked ??= this.#ask(place)
    const { kind, bytes } = await this.#asked
    this.#bytes = bytes
    return { kind, bytes: bytes.slice() }
  }

  [Symbol.dispose](): void {
    this.#bytes?.fill(0)
  }
}
