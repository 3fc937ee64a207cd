import { join } from 'node:path'

import type { InstanceStore } from '../repository/instance-key.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'

const INSTANCE_BYTES_MAX = 4096

/**
 * Keeps the instance of this computer and user, its signing key among it, in the state directory.
 *
 * Losing the file harms no point: a new instance is made, which begins chains of its own.
 */
export class InstanceFile implements InstanceStore {
  readonly #path: string

  constructor(stateDirectory: string) {
    this.#path = join(stateDirectory, 'instance')
  }

  async load(): Promise<Uint8Array | undefined> {
    return readPrivateFile(this.#path, INSTANCE_BYTES_MAX)
  }

  async save(bytes: Uint8Array): Promise<void> {
    writePrivateFile(this.#path, bytes)
  }
}
