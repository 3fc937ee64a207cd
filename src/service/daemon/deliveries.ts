import { StorageError } from '../../base/errors.ts'
import { Deliverer, type DelivererOptions } from '../notifications/deliverer.ts'
import type { Notifier } from '../notifications/notifier.ts'

export interface DeliveriesOptions extends Omit<DelivererOptions, 'onFailure' | 'onSuccess'> {
  readonly notifier: Pick<Notifier, 'channelFailed' | 'channelWorked'>
  /** Told when a round of deliveries has ended: another may be due. */
  readonly onDone: () => void
  /** Told of a store that does not do what it should. */
  readonly onProblem: (problem: unknown) => void
}

/** Delivers notifications beside all else: a mail server that takes a minute to answer keeps no backup waiting. */
export class Deliveries implements AsyncDisposable {
  /** When something is due to be delivered, as far as that is known; while deliveries are under way, that is not. */
  nextMs: number | undefined
  readonly #options: DeliveriesOptions
  readonly #deliverer: Deliverer
  readonly #stop = new AbortController()
  readonly #told: Promise<void>[] = []
  #round: Promise<void> | undefined

  constructor(options: DeliveriesOptions) {
    this.#options = options
    const { notifier } = options
    this.#deliverer = new Deliverer({
      ...options,
      onFailure: (channel, error) => this.#told.push(notifier.channelFailed(channel, error)),
      onSuccess: (channel) => this.#told.push(notifier.channelWorked(channel)),
    })
  }

  /** Begins to deliver what is due, unless that is under way. */
  begin(): void {
    if (this.#stop.signal.aborted) return
    this.#round ??= this.#deliver().finally(() => {
      this.#round = undefined
      this.#options.onDone()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#round
  }

  async #deliver(): Promise<void> {
    this.nextMs = undefined
    const { store, instance, onProblem } = this.#options
    try {
      await this.#deliverer.deliverDue(this.#stop.signal)
      await Promise.all(this.#told.splice(0))
      this.nextMs = await store.nextDeliveryMs(instance)
    } catch (error) {
      // What is under way when the daemon ends is tried again by the next one.
      if (this.#stop.signal.aborted) return
      if (!(error instanceof StorageError)) throw error
      onProblem(error)
    }
  }
}
