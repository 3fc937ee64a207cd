import { present } from '../../src/base/assert.ts'
import type { Machine } from './machine.ts'
import { type Files } from './model.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import { GRACE_MS, type Stage } from './stage.ts'
import { HOUR_MS } from './world.ts'

/** A little over half a grace: the pace at which a prune comes by. */
const HALF_GRACE_HOURS = GRACE_MS / HOUR_MS / 2 + 1

/** Says what two machines do, call by call. The first one prunes, the second one is who things happen to. */
export class Script {
  readonly stage: Stage
  readonly pruner: Machine
  readonly writer: Machine

  constructor(stage: Stage) {
    this.stage = stage
    this.pruner = present(stage.machines[0], 'a machine')
    this.writer = present(stage.machines[1], 'another machine')
  }

  /** The program that runs on the writer. */
  get writing(): SimulatedProcess {
    return present(this.writer.process, 'a program that runs')
  }

  /** Makes a point, alone. */
  async backup(machine: Machine, files: Record<string, number>): Promise<void> {
    this.stage.backup(machine, { files: filesOf(files) })
    await this.finish(machine)
  }

  /** Leaves packs whose content 0 and 1 no point needs any more. */
  async makeGarbage(): Promise<void> {
    await this.backup(this.pruner, { '/a': 0, '/b': 1 })
    await this.backup(this.pruner, { '/c': 2 })
    this.stage.forget(this.pruner, (points) => points.slice(0, 1))
    await this.finish(this.pruner)
  }

  /** Starts a backup on the writer, up to where it is about to make a call. */
  async write(files: Record<string, number>, upTo: RegExp): Promise<void> {
    this.stage.backup(this.writer, { files: filesOf(files) })
    await this.until(this.writer, upTo)
  }

  /** Lets a machine's program go on until it is about to make a call; calls that fit `last` come after all others. */
  async until(machine: Machine, pattern: RegExp, last?: RegExp): Promise<void> {
    await this.stage.world.settle()
    while (!present(machine.process, `a program that comes to ${String(pattern)}`).isAbout(pattern)) {
      await this.#next(machine, last)
    }
  }

  /** Lets a machine's program go on to its end. */
  async finish(machine: Machine): Promise<void> {
    await this.stage.world.settle()
    const { process } = machine
    while (process !== undefined && machine.process === process) await this.#next(machine)
  }

  /** Lets the writer's call do what it does, one that fits `last` last, and crashes the writer before it hears of it. */
  async crashInCall(last?: RegExp): Promise<void> {
    this.writing.releaseNext(last)
    await this.stage.crash(this.writer)
  }

  /** Lets time pass; who is awake says by the hour that it lives. */
  async pass(hours: number): Promise<void> {
    const { world } = this.stage
    for (let half = 0; half < hours * 2; half++) {
      await world.advance(HOUR_MS / 2)
      for (let busy = this.#alive(); busy !== undefined; busy = this.#alive()) {
        busy.release(present(busy.movable[0], 'a call'))
        await world.settle()
      }
    }
  }

  /** Prunes again and again, at the pace of half a grace. */
  async pruneTimes(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      await this.prune()
      await this.pass(HALF_GRACE_HOURS)
    }
  }

  async prune(): Promise<void> {
    this.stage.prune(this.pruner)
    await this.finish(this.pruner)
  }

  #alive(): SimulatedProcess | undefined {
    return [...this.stage.world.processes].find(({ movable }) => movable.length > 0)
  }

  async #next(machine: Machine, last?: RegExp): Promise<void> {
    const { world } = this.stage
    await world.advance(1)
    present(machine.process, 'a program that runs').releaseNext(last)
    await world.settle()
    await this.stage.look()
  }
}

function filesOf(files: Record<string, number>): Files {
  return new Map(Object.entries(files))
}
