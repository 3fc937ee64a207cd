import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll } from 'vitest'

import { createStore } from '../../drivers/local/create-store.ts'
import { openLocalDriver } from '../../drivers/local/local-driver.ts'
import { describeDriverContract } from '../contract/driver-contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
afterAll(() => rmSync(folder, { recursive: true }))
let stores = 0

describeDriverContract('local', async () => {
  const root = join(folder, `store-${stores++}`)
  await createStore(root)
  return { driver: await openLocalDriver({ root }), reopen: () => openLocalDriver({ root }) }
})

describeDriverContract('local without hard links', async () => {
  const root = join(folder, `store-${stores++}`)
  mkdirSync(root)
  const link = () => Promise.reject(Object.assign(new Error('EPERM: operation not permitted'), { code: 'EPERM' }))
  const open = () => openLocalDriver({ root, link, hardLinks: false })
  return { driver: await open(), reopen: open }
})
