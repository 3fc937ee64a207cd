import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { isMounted, mountFolder } from '../support/cli-mount.ts'
import { CliPlace, PROGRAM } from '../support/cli.ts'
import { fuseTest } from '../support/fuse-test.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')
const HELPER = join(EXAMPLES, 'mount.fuse.tidemark')
const VERIFIER = '/usr/bin/systemd-analyze'

test.skipIf(!existsSync(VERIFIER))('systemd finds no fault with the unit', () => {
  const unit = join(temporaryFolder(), 'tidemark-mount.service')
  // The program is not installed here.
  const text = readFileSync(join(EXAMPLES, 'tidemark-mount.service'), 'utf8')
  writeFileSync(unit, text.replace('/usr/local/bin/tidemark', '/bin/true'))
  const { status, stdout, stderr } = spawnSync(VERIFIER, ['verify', '--man=no', unit], { encoding: 'utf8' })
  expect(`${stdout}${stderr}`).toBe('')
  expect(status).toBe(0)
})

fuseTest('what mount(8), fstab and autofs call mounts a repository with the options they give', async () => {
  const place = new CliPlace()
  writeFileSync(join(place.source, 'file'), 'text')
  await place.init()
  await place.succeed(['backup', place.source])
  const program = join(place.folder, 'tidemark')
  writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`, { mode: 0o755 })
  const password = join(place.folder, 'password')
  writeFileSync(password, 'correct horse\n', { mode: 0o600 })
  const directory = mountFolder(place)
  const mount = (...options: string[]): { readonly status: number | null; readonly stderr: string } => {
    const { HOME = '', PATH = '' } = place.environment
    const env = { HOME, PATH: `${place.folder}:${PATH}` }
    // As mount(8) calls its helpers.
    const words = [place.repository, directory, '-o', ['rw', 'noauto', ...options].join()]
    return spawnSync(HELPER, words, { env, encoding: 'utf8' })
  }
  const options = ['allow_other', `password_file=${password}`, `point=latest:${place.source}`]
  expect(mount(...options)).toMatchObject({ status: 0, stderr: '' })
  expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('text')
  await place.succeed(['unmount', directory])
  expect(isMounted(directory)).toBe(false)
  expect(mount('bogus')).toMatchObject({ status: 1, stderr: 'mount.fuse.tidemark: unknown option bogus\n' })
  expect(mount(`password_file=${password}`, 'point=nothing').status).toBe(2)
  expect(isMounted(directory)).toBe(false)
})
