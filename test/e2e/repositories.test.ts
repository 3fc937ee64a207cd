import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { CliPlace, PROGRAM } from '../support/cli.ts'
import { S3_CREDENTIALS, startS3Server } from '../support/s3-server.ts'
import { Terminal } from '../support/terminal.ts'

const PROJECT = join(import.meta.dirname, '..', '..')

/** Nothing but the configuration says what is used, and with which password. */
const CONFIGURED = { environment: { TIDEMARK_REPOSITORY: '', TIDEMARK_PASSWORD: '' } }

function configFileOf(place: CliPlace): string {
  return join(place.home, '.config', 'tidemark', 'config.yaml')
}

function configure(place: CliPlace, text: string): void {
  const file = configFileOf(place)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

describe('a configured password', () => {
  test('comes from a file, a command or a variable, and one that the environment gives wins', async () => {
    const place = new CliPlace()
    await place.init()
    const file = join(place.folder, 'password')
    writeFileSync(file, 'correct horse\n', { mode: 0o600 })
    await place.succeed(['repo', 'add', 'by-file', place.repository, '--password-file', './password', '--default'])
    await place.succeed(['repo', 'add', 'by-command', place.repository, '--password-command', `cat ${file}`])
    const more = `  by-variable:\n    url: ${place.repository}\n    password: {env: NAS_PASSWORD}\n`
    configure(place, `${readFileSync(configFileOf(place), 'utf8').replace(/^default.*\n/m, '')}${more}`)
    const environment = { ...CONFIGURED.environment, NAS_PASSWORD: 'correct horse' }
    for (const name of ['by-file', 'by-command', 'by-variable']) {
      await place.succeed(['-r', name, 'points'], { environment })
    }
    expect((await place.run(['-r', 'by-variable', 'points'], CONFIGURED)).stderr).toContain('NAS_PASSWORD')
    const wrong = { environment: { ...environment, TIDEMARK_PASSWORD: 'wrong' } }
    expect((await place.run(['-r', 'by-file', 'points'], wrong)).code).toBe(12)
    const stored = ['-r', 'by-variable', 'backup', '--from-command', '--name', 'environment', '--', 'env']
    await place.succeed(stored, { environment })
    const { stdout } = await place.succeed(['-r', 'by-file', 'cat', 'latest:/environment'], CONFIGURED)
    expect(stdout).toContain('HOME=')
    expect(stdout).not.toMatch(/NAS_PASSWORD|correct horse/)
  })

  test('of the repository that is copied to is not that of the one that is copied from', async () => {
    const place = new CliPlace()
    await place.init()
    writeFileSync(join(place.source, 'a'), 'a')
    await place.succeed(['backup', place.source])
    const second = ['-r', './second', 'init', '--no-recovery', '--kdf-memory', '8M', '--name', 'second']
    await place.succeed(second, { environment: { TIDEMARK_PASSWORD: 'another' } })
    await place.succeed(['repo', 'add', 'second', './second', '--password-command', 'echo another'])
    await place.succeed(['copy', '--to', 'second'])
    expect((await place.succeed(['-r', 'second', 'cat', `latest:${place.source}/a`], CONFIGURED)).stdout).toBe('a')
  })
})

test('limits are kept for a repository, listed, shown and held to, and comments stay', async () => {
  const place = new CliPlace()
  await place.init()
  configure(place, `# mine\n${readFileSync(configFileOf(place), 'utf8')}`)
  await place.succeed(['repo', 'add', 'slow', place.repository, '--limit-upload', '30KiB/s'])
  expect(readFileSync(configFileOf(place), 'utf8')).toMatch(/^# mine\n[^]*limit-upload: 30720/)
  const listed = JSON.parse((await place.succeed(['repo', 'list', '--json'])).stdout) as unknown[]
  expect(listed[1]).toMatchObject({ name: 'slow', limitUpload: 30_720, limitDownload: null })
  expect((await place.succeed(['-r', 'slow', 'repo', 'show'])).stdout).toMatch(/Upload +at most 30\S* KiB\/s/)
  const backupMs = async (name: string, ...words: readonly string[]): Promise<number> => {
    const started = performance.now()
    await place.succeed(['-r', name, ...words, 'backup', '--full', '--stdin', '--name', 'noise'], {
      input: crypto.getRandomValues(new Uint8Array(60_000)),
    })
    return performance.now() - started
  }
  // The objects behind the pack wait for two seconds.
  expect(await backupMs('slow')).toBeGreaterThan(1000)
  // They would wait for four minutes, had the command line not said otherwise.
  await place.succeed(['repo', 'add', 'slower', place.repository, '--limit-upload', '250'])
  expect(await backupMs('slower', '--limit-upload', '1G')).toBeLessThan(200_000)
})

test('a mistyped name is told as a name and as a folder, with the one that is near', async () => {
  const place = new CliPlace()
  await place.init()
  for (const words of [
    ['repo', 'show', 'repositroy'],
    ['driver', 'test', 'repositroy'],
  ]) {
    const { code, stderr } = await place.run(words)
    expect(code).toBe(10)
    expect(stderr).toContain(
      `no repository "repositroy" is configured, and there is no folder ${place.folder}/repositroy`,
    )
    expect(stderr).toContain('Is "repository" meant?')
  }
})

test('what driver test found is remembered, shown, and told where a chain begins', async () => {
  const place = new CliPlace()
  await place.init()
  expect((await place.succeed(['repo', 'show'])).stdout).toMatch(/Driver test +none lately/)
  await place.succeed(['driver', 'test'])
  expect((await place.succeed(['repo', 'show'])).stdout).toMatch(/Driver test +\d{4}-.*: 7 of 7 guarantees/)
  const shown = JSON.parse((await place.succeed(['repo', 'show', '--json'])).stdout) as { driverTest: unknown }
  const version = expect.any(String) as string
  expect(shown.driverTest).toMatchObject({ 'gives-ranges': true, exclusivePut: true, version })
  expect((await place.succeed(['backup', place.source])).stderr).not.toContain('driver test')

  configure(place, `repositories:\n  lax: { url: 'sqlite:${place.folder}/lax', driver: lax.mjs }\n`)
  ownDriver(
    place,
    'lax.mjs',
    `export const openDriver = async (options) => {
       const driver = await sqlite.openDriver(options)
       const put = driver.put.bind(driver)
       driver.put = (...call) => put(...call).catch((error) => { if (error.code !== 'EXISTS') throw error })
       return driver
     }
     export const createStore = sqlite.createStore`,
  )
  await place.succeed(['-r', 'lax', 'init', '--no-recovery', '--kdf-memory', '8M'])
  const what = 'an object can be overwritten by one of the same name'
  expect((await place.succeed(['driver', 'test', 'lax'])).stderr).toContain(what)
  expect((await place.succeed(['-r', 'lax', 'backup', place.source])).stderr).toContain(what)
  expect((await place.succeed(['-r', 'lax', 'backup', place.source])).stderr).not.toContain(what)
  expect((await place.succeed(['repo', 'show', 'lax'])).stderr).toContain(what)
})

test('the key of a bucket comes from the configuration, unless the environment has one', async () => {
  await using server = await startS3Server()
  const place = new CliPlace()
  const key = `s3-access-key-id: {command: echo ${S3_CREDENTIALS.AWS_ACCESS_KEY_ID}}`
  const half = `repositories:\n  cloud:\n    url: ${server.url('backups/home')}\n    ${key}\n`
  configure(place, `${half}    s3-secret-access-key: {env: BUCKET_SECRET}\n`)
  const given = { TIDEMARK_REPOSITORY: 'cloud', BUCKET_SECRET: S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY }
  await place.succeed(['init', '--no-recovery', '--kdf-memory', '8M'], { environment: given })
  await place.succeed(['points'], { environment: given })
  const wrong = { ...given, AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'nothing' }
  expect((await place.run(['points'], { environment: wrong })).code).toBe(1)
  configure(place, half)
  const { code, stderr } = await place.run(['points'], { environment: given })
  expect(stderr).toContain('s3-secret-access-key is missing')
  expect(code).toBe(2)
})

/** Puts a driver made from the example, there called `sqlite`, beside the configuration; returns the folder. */
function ownDriver(place: CliPlace, name: string, code: string): string {
  const folder = dirname(configFileOf(place))
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(PROJECT, 'examples', 'custom-driver.ts'), join(folder, 'custom-driver.ts'))
  writeFileSync(join(folder, name), `import * as sqlite from './custom-driver.ts'\n${code}`)
  return folder
}

describe("a driver of one's own", () => {
  /** One that wants a token. */
  function lockedDriver(place: CliPlace): string {
    return ownDriver(
      place,
      'locked.mjs',
      `import { StorageError } from 'tidemark/driver'
       const locked = (act) => async (options) => {
         if (options.token !== 'open sesame') throw new StorageError('STORE_DENIED', 'the door stays shut', { hint: 'Say the word.' })
         return act(options)
       }
       export const openDriver = locked(sqlite.openDriver)
       export const createStore = locked(sqlite.createStore)`,
    )
  }

  test('keeps a repository that is made, filled and read as any other', async () => {
    const place = new CliPlace()
    const folder = lockedDriver(place)
    const url = `sqlite:${place.folder}/objects.sqlite`
    configure(place, `default: single\nrepositories:\n  single:\n    url: ${url}\n    driver: ./custom-driver.ts\n`)
    const options = { environment: { TIDEMARK_REPOSITORY: '' } }
    await place.succeed(['-r', 'single', 'init', '--no-recovery', '--kdf-memory', '8M'])
    writeFileSync(join(place.source, 'a'), 'in one file')
    await place.succeed(['backup', place.source], options)
    await place.succeed(['check', '--read-data'], options)
    expect((await place.succeed(['cat', `latest:${place.source}/a`], options)).stdout).toBe('in one file')
    expect(readFileSync(join(place.folder, 'objects.sqlite')).subarray(0, 15).toString()).toBe('SQLite format 3')
    const shown = await place.succeed(['repo', 'show', '--json'], options)
    expect(JSON.parse(shown.stdout)).toMatchObject({ configured: { driver: join(folder, 'custom-driver.ts') } })
    // Only a name loads code, never a URL.
    expect((await place.run(['-r', url, 'points'])).stderr).toContain('no driver keeps repositories at sqlite:')
  })

  test('has what it throws understood, though it lies where no package is', async () => {
    const place = new CliPlace()
    lockedDriver(place)
    configure(place, 'repositories:\n  locked:\n    url: sqlite:/nowhere/x\n    driver: locked.mjs\n')
    const { code, stderr } = await place.run(['-r', 'locked', 'points'])
    expect(stderr).toBe('tidemark: the door stays shut\nhint: Say the word.\n')
    expect(code).toBe(1)
  })

  test('that is not there, or is none, is told', async () => {
    const place = new CliPlace()
    const repositories = ['missing', 'empty', 'odd', 'broken'].map(
      (name) => `  ${name}: {url: 'mine:x', driver: ${name}.mjs}\n`,
    )
    configure(place, `repositories:\n${repositories.join('')}`)
    const folder = dirname(configFileOf(place))
    writeFileSync(join(folder, 'empty.mjs'), 'export const openDriver = 1')
    writeFileSync(
      join(folder, 'odd.mjs'),
      'export const openDriver = async () => ({ put() {} }); export const createStore = async () => {}',
    )
    const broken = "async () => { throw new TypeError('no such thing') }"
    writeFileSync(
      join(folder, 'broken.mjs'),
      `export const openDriver = ${broken}; export const createStore = ${broken}`,
    )
    for (const [name, message] of [
      ['broken', 'broken.mjs cannot be used: no such thing'],
      ['missing', 'cannot be used: Cannot find module'],
      ['empty', 'does not export the functions openDriver and createStore'],
      ['odd', 'openDriver returns no driver'],
    ] as const) {
      const { code, stderr } = await place.run(['-r', name, 'points'])
      expect(stderr).toContain(message)
      expect(code).toBe(2)
    }
  })

  test('gets its token from the configuration, sealed with the password, which nobody reads there', async () => {
    const place = new CliPlace()
    const folder = lockedDriver(place)
    const url = `sqlite:${place.folder}/objects.sqlite`
    const add = `repo add locked ${url} --driver ${folder}/locked.mjs --seal token`
    const terminal = new Terminal(`${process.execPath} ${PROGRAM} ${add}`, place.environment)
    await terminal.waitFor(/token of sqlite:.*: /)
    terminal.type('open sesame')
    terminal.press('Enter')
    await terminal.waitFor(/exit code 0/)
    expect(terminal.screen()).not.toContain('sesame')
    expect(readFileSync(configFileOf(place), 'utf8')).toMatch(/token: \{ sealed: [A-Za-z0-9+/=]+ \}/)
    expect(readFileSync(configFileOf(place), 'utf8')).not.toContain('sesame')

    const other = await place.run(['-r', 'locked', 'init', '--no-recovery'], {
      environment: { TIDEMARK_PASSWORD: 'x' },
    })
    expect(other.stderr).toContain('the password does not open the sealed token')
    await place.succeed(['-r', 'locked', 'init', '--no-recovery', '--kdf-memory', '8M'])
    const wrong = await place.run(['-r', 'locked', 'points'], { environment: { TIDEMARK_PASSWORD: 'wrong' } })
    expect(wrong.code).toBe(12)
    // Typed wrong, it is asked for again.
    const typed = { ...place.environment, TIDEMARK_REPOSITORY: 'locked', TIDEMARK_PASSWORD: '' }
    const asking = new Terminal(`${process.execPath} ${PROGRAM} points`, typed)
    for (const [times, password] of ['wrong', 'correct horse'].entries()) {
      await asking.waitFor(new RegExp(`^(?:[^]*does not open the sealed token){${times}}[^]*Password of .*: $`, 'm'))
      asking.type(password)
      asking.press('Enter')
    }
    await asking.waitFor(/exit code 0/)
    writeFileSync(join(place.folder, 'new'), 'new', { mode: 0o600 })
    const passwd = ['key', 'passwd', '--new-password-file', './new', '--kdf-memory', '8M']
    const changed = await place.succeed(['-r', 'locked', ...passwd])
    expect(changed.stderr).toContain('is sealed with the new password')
    const environment = { TIDEMARK_PASSWORD: 'new' }
    await place.succeed(['-r', 'locked', 'points'], { environment })
    const off = await place.run(['repo', 'add', 'locked', url, '--seal', 'token'])
    expect(off.stderr).toContain('no terminal to ask')
  })
})
