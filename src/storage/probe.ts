import { performance } from 'node:perf_hooks'

import { StorageError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import type { Driver, ObjectName, StoreSpace } from './driver.ts'

const LARGE_BYTES = 16 << 20
const SMALL_BYTES = 4096
const LOOKS = 9
const RACES = 5
const AT_ONCE = 8

/** What a store was asked to prove, in the order in which it is. */
export const PROBE_CHECKS = [
  'stores-and-gives-back',
  'refuses-a-taken-name',
  'one-of-two-racing-puts-wins',
  'gives-ranges',
  'lists-what-was-just-put',
  'forgets-what-was-removed',
  'takes-large-objects',
] as const
export type ProbeCheck = (typeof PROBE_CHECKS)[number]

/** What a store really guarantees, and how fast it is. */
export interface ProbeReport {
  /** In the order in which they were tried: true is proven, false is proven otherwise. */
  readonly checks: ReadonlyMap<ProbeCheck, boolean>
  /** Whether the driver relies on the store to refuse a taken name, by what it has seen of it. */
  readonly exclusivePut: boolean
  /** Median of a look at one object, in milliseconds. */
  readonly latencyMs: number
  /** Of a 16 MiB object, in bytes a second. */
  readonly uploadRate: number
  readonly downloadRate: number
  /** How many times as fast eight small puts at once are as one after the other. */
  readonly speedupAtOnce: number
  /** `undefined` where the store does not tell. */
  readonly space: StoreSpace | undefined
}

export interface ProbeOptions {
  readonly randomness: Randomness
  /** Returns the id that bytes have as an object. */
  readonly idOf: (bytes: Uint8Array) => ObjectId
  readonly signal: AbortSignal
  /** Told what is tried next. */
  readonly onCheck?: (check: ProbeCheck | 'speed') => void
  /** Told what came of it. */
  readonly onResult?: (check: ProbeCheck, isProven: boolean) => void
}

/**
 * Tries out what a store guarantees. It puts packs of random bytes that nothing refers to, which disturb no repository,
 * and removes them again.
 *
 * @throws {StorageError} the store does not do even what every store must.
 */
export async function probeStore(driver: Driver, options: ProbeOptions): Promise<ProbeReport> {
  const probe = new Probe(driver, options)
  try {
    return await probe.run()
  } finally {
    await probe.removeAll()
  }
}

class Probe {
  readonly #driver: Driver
  readonly #options: ProbeOptions
  readonly #checks = new Map<ProbeCheck, boolean>()
  readonly #put = new Set<ObjectName>()

  constructor(driver: Driver, options: ProbeOptions) {
    this.#driver = driver
    this.#options = options
  }

  async run(): Promise<ProbeReport> {
    const { signal } = this.#options
    const small = this.#object(SMALL_BYTES)
    await this.#check('stores-and-gives-back', async () => {
      await this.#store(small)
      return isEqual(await this.#driver.get(small.name, undefined, signal), small.bytes)
    })
    await this.#check('refuses-a-taken-name', async () => (await this.#tryPut(small)) === 'taken')
    await this.#check('one-of-two-racing-puts-wins', async () => this.#race())
    await this.#check('gives-ranges', async () => {
      const range = { offset: 1000, length: 2000 }
      return isEqual(await this.#driver.get(small.name, range, signal), small.bytes.subarray(1000, 3000))
    })
    await this.#check('lists-what-was-just-put', async () => this.#lists(small.name))
    await this.#check('forgets-what-was-removed', async () => {
      const gone = this.#object(SMALL_BYTES)
      await this.#store(gone)
      await this.#driver.remove(gone.name, signal)
      return !(await this.#lists(gone.name))
    })
    const large = this.#object(LARGE_BYTES)
    const rates = { upload: 0, download: 0 }
    await this.#check('takes-large-objects', async () => {
      rates.upload = LARGE_BYTES / (await seconds(() => this.#store(large)))
      let got: Uint8Array = new Uint8Array(0)
      rates.download =
        LARGE_BYTES / (await seconds(async () => (got = await this.#driver.get(large.name, undefined, signal))))
      return isEqual(got, large.bytes)
    })
    this.#options.onCheck?.('speed')
    return {
      checks: this.#checks,
      exclusivePut: this.#driver.capabilities.exclusivePut,
      latencyMs: await this.#latencyMs(small.name),
      uploadRate: rates.upload,
      downloadRate: rates.download,
      speedupAtOnce: await this.#speedup(),
      space: await this.#driver.space?.(signal),
    }
  }

  /** What cannot be removed is unneeded, and goes with the next prune. */
  async removeAll(): Promise<void> {
    await Promise.allSettled([...this.#put].map((name) => this.#driver.remove(name)))
  }

  async #check(check: ProbeCheck, prove: () => Promise<boolean>): Promise<void> {
    this.#options.signal.throwIfAborted()
    this.#options.onCheck?.(check)
    const isProven = await prove()
    this.#checks.set(check, isProven)
    this.#options.onResult?.(check, isProven)
  }

  #object(length: number): { readonly name: ObjectName; readonly bytes: Uint8Array } {
    const bytes = this.#options.randomness.bytes(length)
    return { name: { kind: 'packs', id: this.#options.idOf(bytes) }, bytes }
  }

  async #store({ name, bytes }: { readonly name: ObjectName; readonly bytes: Uint8Array }): Promise<void> {
    this.#put.add(name)
    await this.#driver.put(name, [bytes], this.#options.signal)
  }

  async #tryPut(object: { readonly name: ObjectName; readonly bytes: Uint8Array }): Promise<'stored' | 'taken'> {
    try {
      await this.#store(object)
      return 'stored'
    } catch (error) {
      if (error instanceof StorageError && error.code === 'EXISTS') return 'taken'
      throw error
    }
  }

  async #race(): Promise<boolean> {
    for (let round = 0; round < RACES; round++) {
      const object = this.#object(SMALL_BYTES)
      const outcomes = await Promise.all([this.#tryPut(object), this.#tryPut(object)])
      if (outcomes.filter((outcome) => outcome === 'stored').length !== 1) return false
    }
    return true
  }

  async #lists({ kind, id }: ObjectName): Promise<boolean> {
    for await (const { name } of this.#driver.list(kind, this.#options.signal)) if (name.id === id) return true
    return false
  }

  async #latencyMs(name: ObjectName): Promise<number> {
    const times: number[] = []
    for (let i = 0; i < LOOKS; i++) {
      times.push((await seconds(async () => this.#driver.stat(name, this.#options.signal))) * 1000)
    }
    return times.sort((a, b) => a - b)[LOOKS >> 1] ?? 0
  }

  async #speedup(): Promise<number> {
    const objects = Array.from({ length: 2 * AT_ONCE }, () => this.#object(SMALL_BYTES))
    const inTurn = await seconds(async () => {
      for (const object of objects.slice(0, AT_ONCE)) await this.#store(object)
    })
    const atOnce = await seconds(async () =>
      Promise.all(objects.slice(AT_ONCE).map(async (object) => this.#store(object))),
    )
    return inTurn / atOnce
  }
}

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await act()
  // No store answers in no time; a rate must not be infinite.
  return Math.max(performance.now() - startMs, 0.01) / 1000
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
