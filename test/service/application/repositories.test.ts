import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { systemClock } from '../../../src/base/clock.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import { Repositories } from '../../../src/service/application/repositories.ts'
import { addRepository } from '../../../src/service/configuration.ts'
import type { RepositoryEdit } from '../../../src/service/configuration-file.ts'
import { ManualTimers } from '../../support/application-fixture.ts'
import { temporaryMemoryFolder } from '../../support/temporary-folder.ts'

test('a repository whose limits are changed elsewhere stays as it is, open or not; what is opened otherwise is another one', async () => {
  const folder = temporaryMemoryFolder()
  const configFile = join(folder, 'config.yaml')
  const unused = async (): Promise<never> => Promise.reject(new Error('nothing is opened'))
  const repositories = new Repositories({
    paths: { configFile, stateDirectory: folder, cacheDirectory: folder },
    stores: { driverName: () => 'local', open: unused, openToTest: unused, create: unused, acceptHostKey: unused },
    ...{ workingDirectory: folder, given: undefined, clock: systemClock, randomness: systemRandomness },
    ...{ after: new ManualTimers().after, givenSecret: async () => undefined, onChange: () => undefined },
    describeInstance: () => ({ name: 'me', host: 'h', user: 'u' }),
  })
  onTestFinished(() => repositories[Symbol.asyncDispose]())
  const known = async (edit: Partial<RepositoryEdit>): Promise<unknown> => {
    await addRepository(configFile, { name: 'home', url: '/r', makeDefault: false, ...edit })
    return (await repositories.all()).get('home')
  }
  const first = await known({})
  const limits = { upload: 1 << 20, download: undefined }
  expect(await known({ limits })).toBe(first)
  expect(first).toMatchObject({ place: { configured: { limits } } })
  const other = await known({ secrets: new Map([['password', { from: 'env', name: 'OTHER' }]]) })
  expect(other).not.toBe(first)
})
