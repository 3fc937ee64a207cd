import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { present } from '../../../src/base/assert.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { StorageError } from '../../../src/base/errors.ts'
import type { DriverSurroundings } from '../../../src/cli/drivers.ts'
import { acceptSftpHostKey, createSftp, openSftp } from '../../../src/cli/open-sftp.ts'
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

test('the key that a URL names opens a server in the place of those of the SSH configuration', async () => {
  const user = userWith(server('nas').map((line) => line.replace(ssh.keyFile, '/no/key')))
  symlinkSync(ssh.keyFile, join(present(user.environment['HOME'], 'a home'), 'a key'))
  for (const file of [ssh.keyFile, '~/a%20key']) {
    await using driver = await openSftp(`sftp://nas/store?identityFile=${file}`, user)
    expect(driver.location).toContain('identityFile')
  }
  await expect(openSftp('sftp://nas/store?identityFile=/no/key', user)).rejects.toMatchObject({
    code: 'BAD_CONFIGURATION',
    message: 'the SSH key /no/key is not there',
  })
})

test.each([
  ...['nas/store?identityFile=key', 'nas/store?identityFile=~ada/key', 'nas/store?identityFile=', 'nas/store?key=/k'],
  ...['nas/store#x', 'n%00s/store', 'n%0As/store', 'n%zs/store', 'ada:geheim@nas/store', 'nas', '/store'],
])('a URL that goes on with %s is refused', async (rest) => {
  await expect(openSftp(`sftp://${rest}`, userWith([]))).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

describe('the key of a server of which nothing is known', () => {
  /** What somebody knows of `nas` and `gate`, over which it is reached, and the key that `nas` shows him. */
  async function meet(known: string) {
    const config = [...server('nas', 'ProxyJump gate'), ...server('gate')]
      .join('\n')
      .replaceAll('~/servers', '~/new/met')
    const user = userWith([config])
    const file = join(present(user.environment['HOME'], 'a home'), 'new', 'met')
    if (known !== '') {
      mkdirSync(dirname(file))
      writeFileSync(file, known)
    }
    const refused: unknown = await openSftp('sftp://nas/store', user).catch((error: unknown) => error)
    if (!(refused instanceof StorageError)) throw refused
    const { host, port, hostKey } = refused.context
    const accept = async (key = String(hostKey)): Promise<void> =>
      acceptSftpHostKey('sftp://nas/store', { host: String(host), port: Number(port), key }, user.environment)
    return { user, file, refused, accept }
  }

  test("is told whole, and known once it was accepted, in a file that is its owner's alone", async () => {
    const { user, file, refused, accept } = await meet('')
    expect(refused).toMatchObject({
      code: 'STORE_DENIED',
      context: {
        host: '127.0.0.1',
        port: ssh.port,
        keyType: 'ssh-ed25519',
        fingerprint: expect.stringMatching(/^SHA256:/) as string,
      },
    })
    await accept()
    await accept()
    expect(readFileSync(file, 'utf8')).toBe(ssh.knownHosts)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await using driver = await openSftp('sftp://nas/store', user)
    expect(driver.location).toBe('sftp://nas/store')
  })

  test('is written below what is there, also where that has no end', async () => {
    const { file, accept } = await meet('# mine')
    await accept()
    expect(readFileSync(file, 'utf8')).toBe(`# mine\n${ssh.knownHosts}`)
  })

  test.each(['ssh-ed25519', 'ecdsa-sha2-nistp256'])('is not accepted where another one (%s) is known', async (type) => {
    const other = hostKeyLike(ssh.knownHosts, type)
    const { file, refused, accept } = await meet(other)
    expect(refused.context).not.toHaveProperty('hostKey')
    const shown = ssh.knownHosts.trim().split(' ')[2]
    await expect(accept(shown)).rejects.toMatchObject({ code: 'STORE_DENIED' })
    expect(readFileSync(file, 'utf8')).toBe(other)
  })
})

/** Returns the line of a server with another key of a type. */
function hostKeyLike(line: string, type: string): string {
  const [name = ''] = line.split(' ')
  const key = Buffer.concat([Buffer.from([0, 0, 0, type.length]), Buffer.from(type), Buffer.alloc(32, 7)])
  return `${name} ${type} ${key.toString('base64')}\n`
}
