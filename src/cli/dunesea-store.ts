import { join, resolve } from 'node:path'

import { createStore } from '../../drivers/local/create-store.ts'
import { type LocalDriver, openLocalDriver } from '../../drivers/local/local-driver.ts'
import { UsageError } from '../base/errors.ts'
import { openRegistry, type Registry } from '../service/dunesea/registry.ts'
import type { CliContext } from './context.ts'

/** The folder of a DuneSea server. Disposing of it closes its registry. */
export interface DuneSeaStore extends Disposable {
  readonly registry: Registry
  /** Opens the objects of a domain: a folder of its own, laid out as a local repository; it is made where it is missing. */
  openDomain(name: string): Promise<LocalDriver>
}

/**
 * Opens the folder of a DuneSea server, or makes it.
 *
 * @throws {UsageError} BAD_ARGUMENT: none is named.
 */
export function openDuneSeaStore(
  { clock, output, workingDirectory }: CliContext,
  store: string | undefined,
): DuneSeaStore {
  if (store === undefined) {
    throw new UsageError('BAD_ARGUMENT', 'the folder of the server is not named', { hint: 'Add --store DIR.' })
  }
  const folder = resolve(workingDirectory, store)
  const registry = openRegistry({
    store: folder,
    clock,
    onDamaged: (movedTo, why) => {
      output.warning(
        `the registry of tokens and backups was damaged (${why}) and lies now at ${movedTo}: make new tokens`,
      )
    },
  })
  return {
    registry,
    openDomain: async (name) => {
      const root = join(folder, 'domains', name)
      await createStore(root)
      return openLocalDriver({ root })
    },
    [Symbol.dispose]: () => registry[Symbol.dispose](),
  }
}
