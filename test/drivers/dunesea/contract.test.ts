import { rmSync } from 'node:fs'

import { afterAll, beforeAll } from 'vitest'

import { createDuneSeaStore } from '../../../drivers/dunesea/create-store.ts'
import { openDuneSeaDriver } from '../../../drivers/dunesea/dunesea-driver.ts'
import { describeDriverContract, type OpenedDriver } from '../../contract/driver-contract.ts'
import {
  makeCertificate,
  startTestDuneSea,
  type TestCertificate,
  type TestDuneSea,
  trustCertificate,
} from '../../support/dunesea-server.ts'

// The names of the suite are no hashes of what it puts under them, as names in repositories are. That the server refuses
// bodies which do not hash to their names is for test/service/dunesea/bodies.test.ts.
const checksNames = false

let plain: TestDuneSea
let secure: TestDuneSea
let certificate: TestCertificate
beforeAll(async () => {
  certificate = makeCertificate()
  trustCertificate(certificate)
  plain = await startTestDuneSea({ checksNames })
  secure = await startTestDuneSea({ checksNames, tls: certificate })
})
afterAll(async () => {
  await plain[Symbol.asyncDispose]()
  await secure[Symbol.asyncDispose]()
  rmSync(certificate.folder, { recursive: true })
})
let domains = 0

async function open(server: TestDuneSea): Promise<OpenedDriver> {
  const domain = `contract-${domains++}`
  const options = { url: server.url(domain), token: server.token(domain) }
  await createDuneSeaStore(options)
  return { driver: openDuneSeaDriver(options), reopen: async () => openDuneSeaDriver(options) }
}

describeDriverContract('dunesea over http', () => open(plain))
describeDriverContract('dunesea over https', () => open(secure))
