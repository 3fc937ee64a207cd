import { join } from 'node:path'

import { afterAll, beforeAll } from 'vitest'

import { createSftpStore } from '../../../drivers/sftp/create-store.ts'
import { openSftpDriver } from '../../../drivers/sftp/sftp-driver.ts'
import { describeDriverContract } from '../../contract/driver-contract.ts'
import { noSecrets, startSshServer, type TestSshServer } from '../../support/ssh-server.ts'

let ssh: TestSshServer
beforeAll(async () => {
  ssh = await startSshServer()
})
afterAll(() => ssh[Symbol.asyncDispose]())
let stores = 0

describeDriverContract('sftp', async () => {
  const path = join(ssh.folder, `store-${stores++}`)
  const options = { server: ssh.server(), secrets: noSecrets, path, location: `sftp://127.0.0.1:${ssh.port}${path}` }
  await createSftpStore(options)
  return { driver: await openSftpDriver(options), reopen: () => openSftpDriver(options) }
})
