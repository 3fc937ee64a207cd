import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'

import { TidemarkError, UsageError } from '../base/errors.ts'
import type { Driver } from '../storage/driver.ts'
import type { DriverModule, DriverModuleOptions } from '../storage/driver-module.ts'
import type { DriverSurroundings } from './drivers.ts'

interface OwnStore {
  readonly url: string
  readonly surroundings: DriverSurroundings
}

/** What every driver has; the rest is optional. */
const METHODS = ['put', 'get', 'stat', 'list', 'remove', 'localFile', Symbol.asyncDispose] as const

/**
 * Opens a store with the driver in a file of the user's.
 *
 * @throws {UsageError} BAD_CONFIGURATION: the file cannot be loaded, or what it has is no driver.
 */
export async function openOwnDriver(file: string, { url, surroundings }: OwnStore): Promise<Driver> {
  const { openDriver } = await load(file)
  const options = await optionsOf(url, surroundings)
  const driver: unknown = await blamed(file, () => openDriver(options))
  if (isDriver(driver)) return driver
  throw unusable(file, 'its openDriver returns no driver')
}

/** Makes an empty store with the driver in a file of the user's. @throws {UsageError} as `openOwnDriver` */
export async function createOwnStore(file: string, { url, surroundings }: OwnStore): Promise<void> {
  const { createStore } = await load(file)
  const options = await optionsOf(url, surroundings)
  await blamed(file, () => createStore(options))
}

/** What a module throws that is no error of ours is its own defect, not one of this program. */
async function blamed<T>(file: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (cause instanceof TidemarkError || !(cause instanceof Error)) throw cause
    throw unusable(file, cause.message, cause)
  }
}

async function optionsOf(url: string, { credential }: DriverSurroundings): Promise<DriverModuleOptions> {
  return { url, token: await credential('token') }
}

async function load(file: string): Promise<DriverModule> {
  giveOurselves()
  let module: unknown
  try {
    module = await import(pathToFileURL(file).href)
  } catch (cause) {
    throw unusable(file, cause instanceof Error ? cause.message : String(cause), cause)
  }
  if (isModule(module)) return module
  throw unusable(file, 'it does not export the functions openDriver and createStore')
}

let isGiven = false

/**
 * Makes `tidemark/driver` mean this very program wherever the file lies: what it throws is then an error that is known
 * here, also where another version lies beside the file, or none.
 */
function giveOurselves(): void {
  if (isGiven) return
  isGiven = true
  const isSource = import.meta.url.endsWith('.ts')
  const { href: url } = new URL(isSource ? '../package/driver.ts' : './driver.js', import.meta.url)
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'tidemark/driver' ? { url, shortCircuit: true } : next(specifier, context),
  })
}

function isModule(value: unknown): value is DriverModule {
  return hasFunctions(value, ['openDriver', 'createStore'])
}

function isDriver(value: unknown): value is Driver {
  if (!hasFunctions(value, METHODS)) return false
  const { capabilities, location } = value as Partial<Driver>
  return typeof capabilities?.concurrency === 'number' && typeof location === 'string'
}

function hasFunctions(value: unknown, names: readonly (string | symbol)[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every((name) => typeof Reflect.get(value, name) === 'function')
}

function unusable(file: string, why: string, cause?: unknown): UsageError {
  return new UsageError('BAD_CONFIGURATION', `the driver ${file} cannot be used: ${why}`, {
    context: { file },
    ...(cause === undefined ? {} : { cause }),
    hint: 'The README tells what such a file exports, under "Drivers of your own".',
  })
}
