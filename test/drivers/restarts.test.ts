import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { createS3Store } from '../../drivers/s3/create-store.ts'
import { openS3Driver } from '../../drivers/s3/s3-driver.ts'
import { createSftpStore } from '../../drivers/sftp/create-store.ts'
import { openSftpDriver } from '../../drivers/sftp/sftp-driver.ts'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { restore } from '../../src/engine/restore/restore.ts'
import type { Driver, ObjectName } from '../../src/storage/driver.ts'
import { withRetries } from '../../src/storage/retry.ts'
import { closeSharedPool, EngineFixture, sharedPool } from '../support/engine-fixture.ts'
import { startHttpProxy } from '../support/http-proxy.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { diskLines } from '../support/point-content.ts'
import { RESTORE_DEFAULTS } from '../support/restore-fixture.ts'
import { s3Options, startS3Server } from '../support/s3-server.ts'
import { noSecrets, startSshServer } from '../support/ssh-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

afterAll(closeSharedPool)

interface Server {
  /** Ends it, and what it is doing. */
  kill(): Promise<void>
  start(): Promise<void>
}

/** A server that is killed, and is back before anybody tries again. */
class MortalServer {
  readonly #server: Server
  #killing: Promise<void> | undefined
  #starting: Promise<void> | undefined
  deaths = 0

  constructor(server: Server) {
    this.#server = server
  }

  /** Kills it when `driver` is about the next pack. */
  killDuring(driver: Driver, method: 'put' | 'get'): void {
    const act = driver[method].bind(driver) as (name: ObjectName, ...given: unknown[]) => Promise<unknown>
    const acting = async (name: ObjectName, ...given: unknown[]): Promise<unknown> => {
      if (name.kind !== 'packs' || this.#killing !== undefined) return act(name, ...given)
      this.deaths++
      this.#killing = this.#server.kill()
      const [acted] = await Promise.allSettled([act(name, ...given), this.#killing])
      if (acted.status === 'rejected') throw acted.reason
      return acted.value
    }
    this.#killing = undefined
    this.#starting = undefined
    Object.assign(driver, { [method]: acting })
  }

  async backAgain(): Promise<void> {
    if (this.#killing === undefined) return
    await this.#killing
    await (this.#starting ??= this.#server.start())
  }
}

/** Backs up and restores while the server is killed in the middle of each. */
async function goThroughDeaths(driver: Driver, server: Server): Promise<void> {
  const mortal = new MortalServer(server)
  const store = withRetries(driver, { attempts: 5, delayMs: 1, sleep: async () => mortal.backAgain() })
  const fixture = await EngineFixture.create(store)
  writeFileSync(fixture.path('large'), patternBytes(3 << 20, 1))
  mortal.killDuring(driver, 'put')
  const { point } = await fixture.backup()
  await mortal.backAgain()
  await fixture.reopen()
  mortal.killDuring(driver, 'get')
  const target = temporaryFolder()
  const { failures } = await restore({
    view: await fixture.view(point),
    repository: fixture.repository,
    workers: sharedPool(),
    options: { ...RESTORE_DEFAULTS, path: byteStringOf(fixture.source), target: byteStringOf(target) },
  })
  await mortal.backAgain()
  expect(failures).toEqual([])
  expect(diskLines(target)).toEqual(diskLines(fixture.source))
  expect(mortal.deaths).toBe(2)
}

test('SFTP: a server that is killed in the middle of a backup and of a restore, and comes back, costs nothing', async () => {
  await using ssh = await startSshServer()
  const path = join(ssh.folder, 'store')
  const options = { server: ssh.server(), secrets: noSecrets, path, location: `sftp://there${path}` }
  await createSftpStore(options)
  await using driver = await openSftpDriver(options)
  await goThroughDeaths(driver, ssh)
})

test('S3: a server that is killed in the middle of a backup and of a restore, and comes back, costs nothing', async () => {
  await using s3 = await startS3Server()
  await using proxy = await startHttpProxy(s3.port)
  const options = s3Options(s3.url('deaths/store', proxy.port))
  await createS3Store(options)
  await using driver = openS3Driver(options)
  await goThroughDeaths(driver, {
    kill: async () => {
      // It ends by itself only once it has answered: what is under way is cut off first.
      proxy.fault = () => ({ kind: 'cut', when: 'before' })
      await s3.stop()
    },
    start: async () => {
      await s3.start()
      proxy.fault = undefined
    },
  })
})
