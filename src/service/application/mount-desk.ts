import { resolve } from 'node:path'

import { bytesOf } from '../../base/byte-string.ts'
import { mountAnswer } from '../../base/posix/mount-answers.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'
import { pathOf } from './browsing.ts'
import { requireOpen } from './command-desk.ts'
import type { DaemonLink } from './daemon-link.ts'
import type { Application } from './port.ts'
import type { RepositoryDesk } from './repository-desk.ts'
import { mountsOf } from './show-mount.ts'
import type { Handle, MountData } from './shown.ts'

/** Makes and ends mounts: what answers them is no part of the service. */
export interface Mounting {
  /**
   * Mounts, in a process that outlives this one; `secret` opens the repository, and is wiped. `undefined`: an unlocked
   * daemon does.
   */
  mount(request: {
    /** Its name in the configuration, or its location. */
    readonly repository: string
    readonly point: string | undefined
    readonly directory: string
    readonly secret: SlotSecret | undefined
  }): Promise<void>
  /** One that does not answer ends also while somebody waits in it. @throws {MountError} MOUNT_BUSY, NOT_MOUNTED */
  unmount(mountPoint: string): Promise<void>
}

export interface MountDeskOptions {
  readonly desk: Pick<RepositoryDesk, 'get'>
  readonly daemon: Pick<DaemonLink, 'client'>
  readonly mounting: Mounting
  /** Where mounts say whose they are. */
  readonly stateDirectory: string
  /** What a directory that was typed is relative to. */
  readonly workingDirectory: string
  /** The number of the user that this process belongs to. */
  readonly user: number
}

/** What faces ask of mounts. */
export class MountDesk implements Pick<Application, 'mounts' | 'mount' | 'unmount'> {
  readonly #options: MountDeskOptions

  constructor(options: MountDeskOptions) {
    this.#options = options
  }

  async mounts(): Promise<readonly MountData[]> {
    const { stateDirectory, user } = this.#options
    return mountsOf({ user, stateDirectory, answer: mountAnswer })
  }

  async mount(repository: string, point: string | undefined, directory: string): Promise<void> {
    const { desk, daemon, mounting, workingDirectory } = this.#options
    const known = await desk.get(repository)
    await requireOpen(known, daemon)
    const secret = known.secret()
    await mounting.mount({ repository, point, directory: resolve(workingDirectory, directory), secret })
  }

  async unmount(mount: Handle): Promise<void> {
    await this.#options.mounting.unmount(bytesOf(pathOf(mount)).toString('utf8'))
  }
}
