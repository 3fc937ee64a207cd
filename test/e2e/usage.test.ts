import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { CliPlace, eventsOf, PROGRAM, summaryOf } from '../support/cli.ts'

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(PROGRAM, '../../package.json'), 'utf8')) as { version: string }
  for (const option of ['--version', '-V']) {
    expect(await new CliPlace().run([option])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
  }
})

test('an older Node is told in one sentence what is needed', ({ skip }) => {
  // The newest of the system's own that is too old, wherever the tests' own Node lies.
  const old = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
    if (!existsSync(path)) return false
    return Number(execFileSync(path, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' })) < 24
  })
  if (old === undefined) return skip('there is no older Node here')
  const { status, stderr, stdout } = spawnSync(old, [PROGRAM, 'backup', '.'], { encoding: 'utf8' })
  expect(stderr).toMatch(/^tidemark needs Node 24\.7 or later, and this is Node [\d.]+: [^\n]*\n$/)
  expect(stdout).toBe('')
  expect(status).toBe(1)
})

test('no repository is exit code 10, a wrong password 12, and neither is the other', async () => {
  const place = new CliPlace()
  const missing = await place.run(['points'])
  expect(missing.code).toBe(10)
  expect(missing.stderr).toContain(place.repository)
  mkdirSync(place.repository)
  expect((await place.run(['points'])).code).toBe(10)
  await place.init()
  const wrong = await place.run(['points', '--json'], { environment: { TIDEMARK_PASSWORD: 'wrong' } })
  expect(wrong.code).toBe(12)
  expect(wrong.stderr).toMatch(/^tidemark: .*\nhint: .*\n$/)
  expect(summaryOf(wrong.stdout)).toMatchObject({ type: 'error', code: 'WRONG_PASSWORD', exitCode: 12 })
  expect(wrong.stderr + wrong.stdout).not.toContain('wrong"')
  const backup = await place.run(['backup', place.source], { environment: { TIDEMARK_PASSWORD: 'wrong' } })
  expect(backup.code).toBe(12)
})

test('a second repository in the same place is refused before anybody is asked for its password', async () => {
  const place = new CliPlace()
  await place.init()
  delete place.environment['TIDEMARK_PASSWORD']
  const again = await place.run(['init', '--no-recovery'])
  expect(again.code).toBe(1)
  expect(again.stderr).toContain('already')
})

test('off a terminal init wants to know where the recovery code goes, before it makes anything', async () => {
  const place = new CliPlace()
  const { code, stderr } = await place.run(['init'])
  expect(code).toBe(2)
  expect(stderr).toContain('--recovery-file')
  const taken = join(place.folder, 'taken')
  writeFileSync(taken, 'mine')
  expect((await place.run(['init', '--recovery-file', taken])).code).toBe(2)
  expect(readFileSync(taken, 'utf8')).toBe('mine')
  expect(existsSync(place.repository)).toBe(false)
})

test('the recovery code in its file opens the repository, and can be had again', async () => {
  const place = new CliPlace()
  const file = join(place.folder, 'recovery')
  const made = await place.succeed(['init', '--recovery-file', file, '--kdf-memory', '8M', '--json'])
  expect(JSON.parse(made.stdout)).toMatchObject({ location: place.repository, default: true, recoveryFile: file })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const code = readFileSync(file, 'utf8').trim()
  const recover = { environment: { TIDEMARK_PASSWORD: '', TIDEMARK_RECOVERY_CODE: code } }
  await place.succeed(['points'], recover)
  const wrong = { environment: { TIDEMARK_PASSWORD: '', TIDEMARK_RECOVERY_CODE: `${code}A` } }
  expect((await place.run(['points'], wrong)).code).toBe(12)
  expect((await place.run(['key', 'recovery', '--recovery-file', file])).code).toBe(2)
  expect(readFileSync(file, 'utf8').trim()).toBe(code)
})

test('passwords and key files come and go', async () => {
  const place = new CliPlace()
  await place.init()
  const file = join(place.folder, 'new-password')
  writeFileSync(file, 'second\n', { mode: 0o600 })
  await place.succeed(['key', 'add', '--new-password-file', file, '--kdf-memory', '8M'])
  await place.succeed(['points'], { environment: { TIDEMARK_PASSWORD: 'second' } })
  const keyFile = join(place.folder, 'key')
  await place.succeed(['key', 'export', keyFile])
  const byFile = { environment: { TIDEMARK_PASSWORD: '', TIDEMARK_KEY_FILE: keyFile } }
  const slots = JSON.parse((await place.succeed(['key', 'list', '--json'], byFile)).stdout) as {
    kind: string
    id: string
  }[]
  expect(slots.map(({ kind }) => kind).sort()).toEqual(['key-file', 'password', 'password'])
  writeFileSync(file, 'third\n', { mode: 0o600 })
  await place.succeed(['key', 'passwd', '--new-password-file', file, '--kdf-memory', '8M'])
  expect((await place.run(['points'])).code).toBe(12)
  await place.succeed(['points'], { environment: { TIDEMARK_PASSWORD: 'third' } })
  const key = slots.find(({ kind }) => kind === 'key-file')?.id ?? ''
  const third = { environment: { TIDEMARK_PASSWORD: 'third' } }
  await place.succeed(['key', 'remove', key.slice(0, 12), '--yes'], third)
  expect((await place.run(['points'], byFile)).code).toBe(12)
  expect((await place.run(['key', 'remove', 'ffff'], third)).code).toBe(2)
})

test('repositories have names, and the first is the default', async () => {
  const place = new CliPlace()
  await place.init()
  const unnamed = { environment: { TIDEMARK_REPOSITORY: '' } }
  const nothingElse = { driver: null, limitUpload: null, limitDownload: null, secrets: {} }
  await place.succeed(['repo', 'add', 'other', './elsewhere'], unnamed)
  expect(JSON.parse((await place.succeed(['repo', 'list', '--json'])).stdout)).toEqual([
    { ...nothingElse, name: 'repository', url: place.repository, default: true },
    { ...nothingElse, name: 'other', url: join(place.folder, 'elsewhere'), default: false },
  ])
  await place.succeed(['points'], unnamed)
  expect((await place.run(['-r', 'other', 'points'])).code).toBe(10)
  await place.succeed(['points', '-r', 'repository'], unnamed)
  expect(JSON.parse((await place.succeed(['repo', 'show', '--json'], unnamed)).stdout)).toMatchObject({
    name: 'repository',
    location: place.repository,
    points: 0,
  })
  await place.succeed(['repo', 'remove', 'repository'])
  expect((await place.run(['points'], unnamed)).code).toBe(2)
  await place.succeed(['points'])
})

test('a broken configuration is told by line, and not read when it is not needed', async () => {
  const place = new CliPlace()
  await place.init()
  const file = join(place.home, '.config/tidemark/config.yaml')
  writeFileSync(file, 'repositories:\n  x:\n    colour: red\n')
  const { code, stderr } = await place.run(['points'], { environment: { TIDEMARK_REPOSITORY: 'x' } })
  expect(code).toBe(2)
  expect(stderr).toMatch(/config\.yaml, line \d+, column \d+: repositories\.x/)
  await place.succeed(['points'])
})

test('the cache may be cleared at any time, and what was seen of the repository is still known', async () => {
  const place = new CliPlace()
  writeFileSync(join(place.source, 'a'), 'a')
  await place.init()
  await place.succeed(['backup', place.source])
  await place.succeed(['points'])
  await place.succeed(['cache', 'clear'])
  const caches = join(place.home, '.cache/tidemark/repositories')
  expect(readdirSync(join(caches, readdirSync(caches)[0] ?? '')).sort()).toEqual(['heads', 'revision'])
  expect(summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)).toMatchObject({
    pointType: 'incremental',
    filesUnchanged: 1,
  })
})

test('what cannot be read makes the backup partial, and is named', async ({ skip }) => {
  if (process.getuid?.() !== 0) return skip('needs another user to read as')
  const place = new CliPlace()
  writeFileSync(join(place.source, 'open'), 'x', { mode: 0o644 })
  writeFileSync(join(place.source, 'closed'), 'secret', { mode: 0o600 })
  chmodSync(place.folder, 0o755)
  for (const folder of [place.home, place.folder]) execFileSync('chown', ['65534', folder])
  const asNobody = (words: readonly string[]) =>
    spawnSync(process.execPath, [PROGRAM, ...words], {
      env: place.environment,
      cwd: '/',
      uid: 65_534,
      gid: 65_534,
      encoding: 'utf8',
    })
  expect(asNobody(['init', '--no-recovery', '--kdf-memory', '8M']).stderr).toContain('Created')
  const { status, stdout, stderr } = asNobody(['backup', place.source, '--json'])
  expect(status, stderr).toBe(3)
  expect(summaryOf(stdout)).toMatchObject({ errors: 1, troubles: { denied: 1 }, filesNew: 1 })
  expect(eventsOf(stdout)).toContainEqual(
    expect.objectContaining({ type: 'trouble', reason: 'denied', path: join(place.source, 'closed') }),
  )
})

test('points that cannot be read are named, and the exit code says that there may be more', async () => {
  const place = new CliPlace()
  writeFileSync(join(place.source, 'a'), 'a')
  await place.init()
  expect((await place.succeed(['points'])).stderr).toContain('There is no point yet')
  await place.succeed(['backup', place.source])
  const folder = join(place.repository, 'points')
  const [name = ''] = readdirSync(folder)
  const bytes = readFileSync(join(folder, name))
  bytes[bytes.length - 1]! ^= 1
  chmodSync(join(folder, name), 0o600)
  writeFileSync(join(folder, name), bytes)
  await place.succeed(['cache', 'clear', '--all'])
  const { code, stderr, stdout } = await place.run(['points', '--json'])
  expect(code).toBe(4)
  expect(stderr).toContain(`points/${name}`)
  expect(stderr).toContain('tidemark check')
  expect(JSON.parse(stdout)).toEqual([])
})

test('that the repository lies on the same disk is said once for each chain', async () => {
  const place = new CliPlace()
  writeFileSync(join(place.source, 'a'), 'a')
  await place.init()
  expect((await place.succeed(['backup', place.source])).stderr).toContain('same disk')
  expect((await place.succeed(['backup', place.source])).stderr).not.toContain('same disk')
})

test('of several sources the one that is not there is named, and the others are backed up', async () => {
  const place = new CliPlace()
  writeFileSync(join(place.source, 'a'), 'a')
  await place.init()
  const gone = join(place.folder, 'gone')
  const { code, stderr, stdout } = await place.run(['backup', place.source, gone])
  expect(code).toBe(3)
  expect(stdout).toContain('trouble: 1 named to be backed up and not there')
  expect(stderr).toContain(`not there: ${gone}`)
  expect((await place.run(['backup', gone])).code).toBe(2)
})

test('passwords do not reach commands that are started', async () => {
  const place = new CliPlace()
  await place.init()
  await place.succeed(['backup', '--from-command', '--name', 'environment', '--', 'env'])
  const { stdout } = await place.succeed(['cat', 'latest:/environment'])
  expect(stdout).toContain('HOME=')
  expect(stdout).not.toMatch(/TIDEMARK_PASSWORD|correct horse/)
})
