import { expect } from 'vitest'
import { storeError } from '../../drivers/local/local-errors.ts'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { TidemarkError } from '../../src/base/errors.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import { type Driver, OBJECT_KINDS } from '../../src/storage/driver.ts'
import { FaultyDriver, type Fault } from '../support/faulty-driver.ts'
import { Dice } from './dice.ts'
import { LoneMachine } from './lone-machine.ts'
import type { ModelPoint } from './model.ts'

type Program = 'backup' | 'forget' | 'prune'

const PROGRAMS: readonly Program[] = ['backup', 'forget', 'prune', 'backup']
const SEED = 7

/** A machine with some points, and the store that they are in. */
export class Beginning {
  readonly #machine: LoneMachine
  readonly #driver: MemoryDriver
  readonly #points: ReadonlyMap<ObjectId, ModelPoint>

  private constructor(machine: LoneMachine, driver: MemoryDriver) {
    this.#machine = machine
    this.#driver = driver
    this.#points = new Map([...machine.model.points].map(([object, point]) => [object, { ...point }]))
  }

  static async make(): Promise<Beginning> {
    const driver = new MemoryDriver()
    const machine = await LoneMachine.create(driver, SEED)
    const dice = new Dice(SEED)
    for (let i = 0; i < 3; i++) await machine.backup(driver, machine.model.mutate(new Map(), dice))
    return new Beginning(machine, driver)
  }

  /**
   * Lives through the scenario once for each call of the store that it makes, with that call met by a fault; after each,
   * every point is whole, and so is the next one. Returns how many calls that were.
   */
  async faultEveryCall(faultOf: (nth: number) => Fault): Promise<number> {
    for (let nth = 1; ; nth++) {
      const driver = await this.#again()
      driver.fail({ ...faultOf(nth), nth })
      const dice = new Dice(nth)
      for (const program of PROGRAMS) {
        // A program may give up with an error of ours; everything else is a bug.
        await this.#run(program, driver, dice).catch((error: unknown) => {
          if (!(error instanceof TidemarkError)) throw error
        })
      }
      const calls = driver.calls.length
      driver.heal()
      expect(await this.#machine.verify(driver), `call ${nth}`).toEqual([])
      await this.#run('backup', driver, dice)
      expect(await this.#machine.verify(driver), `after call ${nth}, one more backup`).toEqual([])
      if (nth > calls) return calls
    }
  }

  async #run(program: Program, driver: Driver, dice: Dice): Promise<void> {
    const machine = this.#machine
    if (program === 'forget') return machine.forgetOldest(driver)
    if (program === 'prune') return machine.prune(driver)
    return machine.backup(driver, machine.model.mutate(new Map(), dice))
  }

  /** Returns store and model as they were in the beginning. */
  async #again(): Promise<FaultyDriver> {
    const { points } = this.#machine.model
    points.clear()
    for (const [object, point] of this.#points) points.set(object, { ...point })
    return againFrom(this.#driver)
  }
}

/** Two points of one repository, and another one that they are copied into. */
export class BeginningOfCopy {
  readonly #source: LoneMachine
  readonly #target: LoneMachine
  readonly #drivers: { readonly source: MemoryDriver; readonly target: MemoryDriver }

  private constructor(
    machines: { readonly source: LoneMachine; readonly target: LoneMachine },
    drivers: { readonly source: MemoryDriver; readonly target: MemoryDriver },
  ) {
    this.#source = machines.source
    this.#target = machines.target
    this.#drivers = drivers
  }

  static async make(): Promise<BeginningOfCopy> {
    const drivers = { source: new MemoryDriver(), target: new MemoryDriver() }
    const source = await LoneMachine.create(drivers.source, SEED)
    const dice = new Dice(SEED)
    const files = source.model.mutate(new Map(), dice)
    await source.backup(drivers.source, files)
    await source.backup(drivers.source, source.model.mutate(files, dice))
    // The same seed: contents are the same. What is random goes on elsewhere, so that keys are not.
    const target = await LoneMachine.create(drivers.target, SEED, 'the other repository')
    return new BeginningOfCopy({ source, target }, drivers)
  }

  /**
   * Copies once for each call of one of the stores, with that call met by a fault; after each, what is copied is whole, and a second
   * copy brings the rest. Returns how many calls that were.
   */
  async faultEveryCall(store: 'source' | 'target', faultOf: (nth: number) => Fault): Promise<number> {
    for (let nth = 1; ; nth++) {
      this.#target.model.points.clear()
      const source = await againFrom(this.#drivers.source)
      const target = await againFrom(this.#drivers.target)
      const faulty = store === 'source' ? source : target
      faulty.fail({ ...faultOf(nth), nth })
      const copy = async (): Promise<void> => this.#target.copy(target, { machine: this.#source, driver: source })
      // It may give up with an error of ours; everything else is a bug.
      await copy().catch((error: unknown) => {
        if (!(error instanceof TidemarkError)) throw error
      })
      const calls = faulty.calls.length
      faulty.heal()
      expect(await this.#target.verify(target), `call ${nth}`).toEqual([])
      await copy()
      expect(await this.#target.verify(target), `after call ${nth}, one more copy`).toEqual([])
      const { points, alarms } = await this.#target.chain(target)
      expect({ points: points.length, alarms }, `after call ${nth}`).toEqual({ points: 2, alarms: [] })
      if (nth > calls) return calls
    }
  }
}

async function againFrom(driver: MemoryDriver): Promise<FaultyDriver> {
  const copy = new MemoryDriver()
  for (const kind of OBJECT_KINDS) {
    for await (const { name } of driver.list(kind)) await copy.put(name, [await driver.get(name)])
  }
  return new FaultyDriver(copy)
}

/** Returns what a driver says of an error of the system. */
export function systemError(errno: string): Error {
  const cause = Object.assign(new Error(errno), { code: errno })
  const error = storeError(cause, { doing: 'writing', path: '/store' })
  if (!(error instanceof Error)) throw new Error('an error of the system is an error')
  return error
}
