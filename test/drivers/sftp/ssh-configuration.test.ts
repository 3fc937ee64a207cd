import { mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { utf8 } from '../../../src/base/bytes.ts'
import type { DriverSurroundings } from '../../../src/cli/drivers.ts'
import { createSftp, openSftp } from '../../../src/cli/open-sftp.ts'
import { takeSecretVariables } from '../../../src/cli/secret-variables.ts'
import { freshName } from '../../support/objects.ts'
import { startSshServer, type TestSshServer } from '../../support/ssh-server.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

let ssh: TestSshServer
beforeAll(async () => {
  ssh = await startSshServer()
})
afterAll(() => ssh[Symbol.asyncDispose]())

/** What a user has whose `~/.ssh/config` is `config`, at no terminal. */
function userWith(config: readonly string[]): DriverSurroundings {
  const home = temporaryFolder()
  mkdirSync(join(home, '.ssh'), { mode: 0o700 })
  writeFileSync(join(home, '.ssh', 'config'), config.join('\n'))
  writeFileSync(join(home, 'servers'), ssh.knownHosts)
  const nobody = async (): Promise<never> => {
    throw new Error('nobody is asked')
  }
  return {
    environment: { HOME: home },
    stateDirectory: join(home, 'state'),
    secrets: {
      variables: takeSecretVariables({}),
      interactive: false,
      signal: new AbortController().signal,
      takeVariable: () => undefined,
      ask: nobody,
      warn: () => undefined,
    },
    limits: () => ({ upload: undefined, download: undefined }),
    credential: async () => undefined,
    remembered: undefined,
  }
}

const server = (name: string, ...more: readonly string[]): string[] => [
  `Host ${name}`,
  'HostName 127.0.0.1',
  `Port ${ssh.port}`,
  `User ${userInfo().username}`,
  `IdentityFile "${ssh.keyFile}"`,
  'UserKnownHostsFile ~/servers',
  ...more,
]

test.each([
  ['its address, port, user, key and known hosts', () => server('nas')],
  ['the host to jump over, which has its own', () => [...server('nas', 'ProxyJump gate'), ...server('gate')]],
])('the SSH configuration says of a server %s', async (_, config) => {
  const user = userWith(config())
  const url = `sftp://nas${join(ssh.folder, `store-${freshName().id}`)}`
  await createSftp(url, user)
  await using driver = await openSftp(url, user)
  const object = freshName()
  await driver.put(object, [utf8('x')])
  expect(await driver.get(object)).toEqual(utf8('x'))
})

test.each([
  ['a ProxyCommand', ['Host nas', 'ProxyCommand nc %h %p'], /ProxyCommand/, /ProxyJump/],
  ['a jump over itself', ['Host nas', 'ProxyJump nas'], /jumps over more than/, /itself/],
  ['a key that is not there', ['Host nas', 'IdentityFile ~/no-key'], /no-key is not there/, /ssh_config/],
])('an SSH configuration with %s is refused, with what to do', async (_, config, message, hint) => {
  await expect(openSftp('sftp://nas/store', userWith(config))).rejects.toMatchObject({
    code: 'BAD_CONFIGURATION',
    message: expect.stringMatching(message) as string,
    hint: expect.stringMatching(hint) as string,
  })
})
