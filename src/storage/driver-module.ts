import type { Driver } from './driver.ts'

/** What a driver module is told of a store. */
export interface DriverModuleOptions {
  /** As the configuration has it. */
  readonly url: string
  /** The `token` of the repository in the configuration, where it has one. */
  readonly token: string | undefined
}

/** What the file exports that `driver` of a repository in the configuration names. */
export interface DriverModule {
  /** Opens a store. @throws {StorageError} NO_REPOSITORY: there is none. */
  readonly openDriver: (options: DriverModuleOptions) => Promise<Driver>
  /** Makes an empty store; one that is there is left as it is. */
  readonly createStore: (options: DriverModuleOptions) => Promise<void>
}
