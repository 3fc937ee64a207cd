import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { compareTrees } from '../../examples/compare-trees.ts'
import { EXIT_FAILED } from '../../src/cli/exit-codes.ts'
import { type CliPlace, summaryOf } from '../support/cli.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { placeWithSsh } from '../support/ssh-place.ts'
import { startSshServer, type TestSshServer } from '../support/ssh-server.ts'

let ssh: TestSshServer
beforeAll(async () => {
  ssh = await startSshServer()
})
afterAll(() => ssh[Symbol.asyncDispose]())

/** A place whose user has an SSH configuration that names the server `nas`, and a repository on it. */
function placeOnNas(): CliPlace {
  const place = placeWithSsh(ssh)
  place.environment['TIDEMARK_REPOSITORY'] = `sftp://nas${join(ssh.folder, `repository-${count++}`)}`
  return place
}
let count = 0

function serverFolderOf({ environment }: CliPlace): string {
  return (environment['TIDEMARK_REPOSITORY'] ?? '').replace('sftp://nas', '')
}

test('a repository on an SSH server takes points and gives them back byte for byte', async () => {
  const place = placeOnNas()
  writeFileSync(join(place.source, 'hello.txt'), 'hello\n')
  writeFileSync(join(place.source, 'large'), patternBytes(6 << 20, 1))
  await place.init()
  const first = summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)
  expect(first).toMatchObject({ pointType: 'full', filesNew: 2, errors: 0 })
  const second = summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)
  expect(second).toMatchObject({ pointType: 'incremental', filesUnchanged: 2, bytesRead: 0 })
  await place.succeed(['restore', `latest:${place.source}`, '--target', join(place.folder, 'restored')])
  expect(await compareTrees(place.source, join(place.folder, 'restored'))).toMatchObject({ differences: [] })
  // This machine keeps the trees that it wrote, which proves nothing of the server.
  const packs = globSync('packs/*/*', { cwd: serverFolderOf(place) }).map((path) => join(serverFolderOf(place), path))
  for (const pack of packs) if (statSync(pack).size < 1 << 20) rmSync(pack)
  await place.succeed(['ls', `latest:${place.source}`])
  const proof = await place.run(['prove'])
  expect([proof.code, proof.stderr]).toEqual([EXIT_FAILED, expect.stringContaining('cannot be read')])
})

test('the passphrase of a key comes from the configuration, unless the environment has one', async () => {
  const place = placeOnNas()
  const key = join(place.home, '.ssh', 'id_ed25519')
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'pass phrase', '-f', key])
  mkdirSync(join(place.home, '.config', 'tidemark'), { recursive: true })
  const url = place.environment['TIDEMARK_REPOSITORY']
  const passphrase = 'sftp-passphrase: {command: echo pass phrase}'
  writeFileSync(
    join(place.home, '.config', 'tidemark', 'config.yaml'),
    `repositories:\n  nas:\n    url: ${url ?? ''}\n    ${passphrase}\n`,
  )
  const named = { TIDEMARK_REPOSITORY: 'nas' }
  await place.succeed(['init', '--no-recovery', '--kdf-memory', '8M'], { environment: named })
  await place.succeed(['points'], { environment: named })
  const wrong = await place.run(['points'], { environment: { ...named, TIDEMARK_SFTP_PASSPHRASE: 'wrong' } })
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).not.toContain('pass phrase')
  // What is configured belongs to the name, not to the URL.
  expect((await place.run(['points'])).code).toBe(1)
})

test('a server whose key is not known is refused, with its fingerprint and the way to accept it', async () => {
  const place = placeOnNas()
  writeFileSync(join(place.home, '.ssh', 'known_hosts'), '')
  const result = await place.run(['init', '--no-recovery'])
  expect(result.code).toBe(1)
  expect(result.stderr).toContain('the host key of 127.0.0.1 is not known: ssh-ed25519 SHA256:')
  expect(result.stderr).toContain(`ssh-keyscan -p ${ssh.port} 127.0.0.1 >> ~/.ssh/known_hosts`)
})

test('a URL with a password is refused without showing it', async () => {
  const place = placeOnNas()
  const result = await place.run(['points', '-r', 'sftp://ada:hunter2@nas/backups'])
  expect(result.code).toBe(2)
  expect(result.stderr).not.toContain('hunter2')
})
