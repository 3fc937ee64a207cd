import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished } from 'vitest'

import { createContext } from '../../src/cli/context.ts'
import { openApplication } from '../../src/cli/open-application.ts'
import { takeSecretVariables } from '../../src/cli/secret-variables.ts'
import { CliPlace, PROGRAM, summaryOf } from '../support/cli.ts'
import { typed } from '../support/application-fixture.ts'
import { fuseTest } from '../support/fuse-test.ts'

fuseTest(
  'a face mounts points with the secret that it was given, and finds every mount of this user again',
  async () => {
    const place = new CliPlace()
    writeFileSync(join(place.source, 'a'), 'a file')
    await place.init()
    const { point } = summaryOf((await place.succeed(['backup', '--json', place.source])).stdout)
    const mountPoint = join(place.folder, 'mnt')
    onTestFinished(async () => {
      await place.run(['unmount', mountPoint])
    })
    const program = process.argv[1] ?? ''
    process.argv[1] = PROGRAM
    onTestFinished(() => void (process.argv[1] = program))

    const environment: Record<string, string | undefined> = { ...place.environment, TIDEMARK_PASSWORD: undefined }
    const variables = takeSecretVariables(environment)
    await using application = await openApplication(
      createContext({ environment, variables, flags: { progress: false } }),
    )
    await expect(application.mount('repository', undefined, mountPoint)).rejects.toMatchObject({ code: 'WRONG_KEY' })
    await application.unlock('repository', typed('correct horse'))
    const nowhere = join(place.folder, 'nowhere', 'mnt')
    await expect(application.mount('repository', undefined, nowhere)).rejects.toThrow(/there is no folder/)
    await application.mount('repository', String(point), mountPoint)
    expect(readFileSync(join(mountPoint, place.source, 'a'), 'utf8')).toBe('a file')
    const mounts = (await application.mounts()).filter(({ directory }) => directory === mountPoint)
    expect(mounts).toMatchObject([{ repository: 'repository', point, sinceMs: expect.any(Number) as number }])
    await application.unmount(mounts[0]?.id ?? '')
    expect((await application.mounts()).filter(({ directory }) => directory === mountPoint)).toEqual([])
  },
)
