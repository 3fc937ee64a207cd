import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { expect, onTestFinished, test } from 'vitest'

import { until } from '../support/cli-mount.ts'
import { CliPlace, PROGRAM } from '../support/cli.ts'
import { fuseTest } from '../support/fuse-test.ts'
import { S3_CREDENTIALS, startS3Server } from '../support/s3-server.ts'
import { placeWithSsh } from '../support/ssh-place.ts'
import { startSshServer } from '../support/ssh-server.ts'
import { Terminal } from '../support/terminal.ts'

/** Opens the dashboard as somebody does who has configured nothing and put nothing into variables. */
function dashboardIn(place: CliPlace): Terminal {
  const environment = { ...place.environment }
  delete environment['TIDEMARK_PASSWORD']
  delete environment['TIDEMARK_REPOSITORY']
  return new Terminal(`${process.execPath} ${PROGRAM}`, environment)
}

test('a new backup is made from nothing, a file comes back out of it, and undo takes that back', async () => {
  const place = new CliPlace()
  const notes = join(place.home, 'notes.txt')
  writeFileSync(notes, 'as it was kept\n')
  const terminal = dashboardIn(place)
  await terminal.waitFor(/I need my files back/)
  press(terminal, 'Down', 'Enter')
  await terminal.waitFor(/A new backup of this machine/)
  await fill(terminal, 'geheim!', '••••')
  press(terminal, 'Tab')
  await fill(terminal, 'geheim!', /again +••••/)
  press(terminal, 'Enter')
  const [, code = ''] = await terminal.waitFor(/^ {4}((?:[0-9A-Z]{4}-){8}[0-9A-Z]{4}) *$/m)
  press(terminal, 'Enter')
  await answerCode(terminal, code.split('-'))
  await terminal.waitFor(/✓ It is made/)

  writeFileSync(notes, 'what somebody wrote over it\n')
  press(terminal, 'Enter')
  await goTo(terminal, notes)
  await terminal.waitFor(/as it was kept/)
  press(terminal, 'Space')
  await terminal.waitFor(/1 marked/)
  press(terminal, 'r')
  await terminal.waitFor(/~ overwrite/)
  press(terminal, 's')
  await terminal.waitFor(/Restore in place\?/)
  expect(readFileSync(notes, 'utf8')).toBe('what somebody wrote over it\n')
  press(terminal, 'y')
  await terminal.waitFor(/✓ Restore is done[^]*overwrite +1 entry, 15 B/)
  expect(readFileSync(notes, 'utf8')).toBe('as it was kept\n')
  press(terminal, 'u')
  await terminal.waitFor(/Preview: take back the restore[^]*~ overwrite/)
  press(terminal, 's')
  await terminal.waitFor(/Take this restore back\?/)
  press(terminal, 'y')
  await terminal.waitFor(/✓ Undo is done/)
  expect(readFileSync(notes, 'utf8')).toBe('what somebody wrote over it\n')

  // What is there now is kept at once, of the same folders, without a plan.
  press(terminal, '1', 'b')
  await terminal.waitFor(/A point now, without a plan[^]*Folders to keep +\S+/)
  press(terminal, 'C-s')
  await terminal.waitFor(/✓ done +backup[^]*✓ done +undo[^]*✓ done +backup/)
  press(terminal, 'q')
  await terminal.waitFor(/exit code 0/)
  expect(terminal.screen()).not.toContain('geheim')
})

test('whoever needs files back connects to a repository, in a window of any size, and gets every byte', async () => {
  const place = await placeWithPoint()
  // Another machine, which knows nothing of it.
  const terminal = dashboardIn(new CliPlace())
  await connect(terminal, place)
  for (let round = 0; round < 30; round++) terminal.resize(60 + ((round * 37) % 120), 12 + ((round * 17) % 40))
  terminal.resize(80, 24)
  await terminal.waitFor(/\[3 Browse\]/)
  await goTo(terminal, join(place.source, 'random'))
  press(terminal, 'Space', 'r')
  await terminal.waitFor(/\+ create|unchanged/)
  press(terminal, 't')
  await terminal.waitFor(/where to, and how/)
  const target = join(place.folder, 'back')
  await fill(terminal, target, target.slice(-12))
  press(terminal, 'C-s')
  await terminal.waitFor(/restore to[^]*\+ create/)
  press(terminal, 's')
  await terminal.waitFor(/y restore/)
  press(terminal, 'y')
  await terminal.waitFor(/✓ Restore is done/)
  expect(readFileSync(join(target, 'random')).equals(readFileSync(join(place.source, 'random')))).toBe(true)
  press(terminal, 'u')
  await terminal.waitFor(/Preview: take back the restore[^]*- delete/)
  press(terminal, 's')
  await terminal.waitFor(/Take this restore back\?/)
  press(terminal, 'y')
  await terminal.waitFor(/✓ Undo is done/)
  expect(readdirSync(target)).toEqual([])
  press(terminal, 'q')
  await terminal.waitFor(/exit code 0/)
})

fuseTest('a point is mounted from the dashboard, and a file is copied out of it', async () => {
  const place = await placeWithPoint()
  const folder = join(place.folder, 'mnt')
  mkdirSync(folder)
  onTestFinished(async () => {
    await place.run(['unmount', folder])
  })
  // Another machine, which knows nothing of it.
  const terminal = dashboardIn(new CliPlace())
  await connect(terminal, place)
  press(terminal, '8')
  await terminal.waitFor(/\[8 Mounts\]/)
  press(terminal, 'm')
  await terminal.waitFor(/At +/)
  press(terminal, 'Tab', 'C-u')
  await fill(terminal, folder, folder.slice(-8))
  press(terminal, 'C-s')
  await terminal.waitFor(/Mounted at/)
  const copied = join(place.folder, 'copied')
  const copy = new Terminal(`cp ${folder}/latest${place.source}/random ${copied}`, place.environment)
  await copy.waitFor(/exit code 0/)
  expect(readFileSync(copied).equals(readFileSync(join(place.source, 'random')))).toBe(true)
  await choose(terminal, new RegExp(`old +all .*${literal(folder)}`))
  press(terminal, 'u')
  await terminal.waitFor(new RegExp(`End this mount\\?[^]*${folder}`))
  press(terminal, 'y')
  await terminal.waitFor(/The mount has ended/)
  press(terminal, 'q')
  await terminal.waitFor(/exit code 0/)
})

test('a repository on an SSH server is made by the wizard, and its store is tested', async () => {
  await using ssh = await startSshServer()
  const place = placeWithSsh(ssh)
  const knownHosts = join(place.home, '.ssh', 'known_hosts')
  rmSync(knownHosts)
  const key = join(place.home, '.ssh', 'backup key')
  renameSync(join(place.home, '.ssh', 'id_ed25519'), key)
  await place.init()
  const terminal = new Terminal(`${process.execPath} ${PROGRAM}`, place.environment)
  await terminal.waitFor(/repository: 0 points/)
  press(terminal, '6')
  await terminal.waitFor(/\[6 Drivers\]/)
  press(terminal, 'n', 'Down', 'Down', 'Enter')
  await terminal.waitFor(/› Host/)
  await fill(terminal, 'nas', 'nas')
  press(terminal, 'Tab', 'Tab', 'Tab')
  await terminal.waitFor(/› SSH key file/)
  await fill(terminal, key, 'backup key▏')
  press(terminal, 'Tab')
  await terminal.waitFor(/› Folder/)
  const folder = join(ssh.folder, 'by the wizard')
  await fill(terminal, folder, 'the wizard▏')
  press(terminal, 'Enter')
  await terminal.waitFor(/› Call it/)
  await fill(terminal, 'attic', 'attic')
  press(terminal, 'Tab')
  await fill(terminal, 'geheim!', /New password +••••/)
  press(terminal, 'Tab')
  await fill(terminal, 'geheim!', /again +••••/)
  press(terminal, 'Enter')
  await terminal.waitFor(/Is this 127\.0\.0\.1\?[^]*ssh-ed25519:[^]*SHA256:/)
  expect(existsSync(knownHosts)).toBe(false)
  press(terminal, 'y')
  const [, code = ''] = await terminal.waitFor(/^ {4}((?:[0-9A-Z]{4}-){8}[0-9A-Z]{4}) *$/m)
  press(terminal, 'Enter')
  await answerCode(terminal, code.split('-'))
  await terminal.waitFor(/attic is added/)
  await choose(terminal, /attic +sftp/)
  press(terminal, 't')
  await terminal.waitFor(/✓ It keeps what a repository needs/)
  press(terminal, 'q')
  await terminal.waitFor(/exit code 0/)
  expect(readFileSync(knownHosts, 'utf8')).toBe(ssh.knownHosts)
  await place.succeed(['points', '-r', 'attic'], { environment: { TIDEMARK_PASSWORD: 'geheim!' } })
})

test('a repository in a bucket is made by the wizard: a wrong key is told, the right one is kept sealed', async () => {
  await using server = await startS3Server()
  const place = new CliPlace()
  const terminal = dashboardIn(place)
  await terminal.waitFor(/I need my files back/)
  press(terminal, '6')
  await terminal.waitFor(/none yet: n makes one/)
  press(terminal, 'n', 'Down', 'Down', 'Down', 'Enter')
  await terminal.waitFor(/› Bucket/)
  await fill(terminal, 'backups', 'backups▏')
  press(terminal, 'Tab')
  await fill(terminal, 'home', 'home▏')
  press(terminal, 'Tab')
  await fill(terminal, `127.0.0.1:${server.port}`, `127.0.0.1:${server.port}▏`)
  press(terminal, 'C-s')
  await terminal.waitFor(/✗ a URL such as https:\/\/s3\.example/)
  press(terminal, 'C-u')
  await fill(terminal, `http://127.0.0.1:${server.port}`, 'It is s3://backups/home?endpoint=')
  press(terminal, 'C-s')
  await terminal.waitFor(/› Access key id/)
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = S3_CREDENTIALS
  await fillSecrets(terminal, 'NOBODY', secret)
  await terminal.waitFor(/✗ .*(refused|denied|key)/i)
  await fillSecrets(terminal, id, secret)
  const [, code = ''] = await terminal.waitFor(/^ {4}((?:[0-9A-Z]{4}-){8}[0-9A-Z]{4}) *$/m)
  press(terminal, 'Enter')
  await answerCode(terminal, code.split('-'))
  await terminal.waitFor(/cloud is added/)
  press(terminal, 't')
  await terminal.waitFor(/✓ It keeps what a repository needs/)
  press(terminal, 'q')
  await terminal.waitFor(/exit code 0/)
  const configuration = readFileSync(join(place.home, '.config', 'tidemark', 'config.yaml'), 'utf8')
  expect(configuration).toMatch(/s3-access-key-id: \{ sealed: .*\n +s3-secret-access-key: \{ sealed: /)
  expect(configuration).not.toContain(secret)
})

/** Fills in what a bucket wants, a name and a password twice, whatever was typed before. */
async function fillSecrets(terminal: Terminal, id: string, secret: string): Promise<void> {
  await terminal.waitFor(/› Access key id/)
  press(terminal, 'C-u')
  await fill(terminal, id, /Access key id +••••/)
  press(terminal, 'Tab', 'C-u')
  await fill(terminal, secret, /Secret key +••••/)
  press(terminal, 'Tab', 'C-u')
  await fill(terminal, 'cloud', 'cloud▏')
  press(terminal, 'Tab', 'C-u')
  await fill(terminal, 'geheim!', /New password +••••/)
  press(terminal, 'Tab', 'C-u')
  await fill(terminal, 'geheim!', /again +••••/)
  press(terminal, 'Enter')
}

/** A repository with one point, and files that are only there. */
async function placeWithPoint(): Promise<CliPlace> {
  const place = new CliPlace()
  writeFileSync(join(place.source, 'random'), Buffer.alloc(300_000, 'every byte of it '))
  await place.init()
  await place.succeed(['backup', place.source])
  return place
}

/** Goes through "I need my files back" until the repository is open. */
async function connect(terminal: Terminal, place: CliPlace): Promise<void> {
  await terminal.waitFor(/I need my files back/)
  press(terminal, 'Enter')
  await terminal.waitFor(/where does it lie\?/)
  press(terminal, 'Enter')
  await terminal.waitFor(/› Folder/)
  await fill(terminal, place.repository, place.repository)
  press(terminal, 'Enter')
  await terminal.waitFor(/› Call it/)
  await fill(terminal, 'old', 'old')
  press(terminal, 'Tab', 'Tab')
  await terminal.waitFor(/› Secret/)
  await fill(terminal, 'wrong', '••••')
  press(terminal, 'Enter')
  await terminal.waitFor(/✗ .*opens no slot/)
  await fill(terminal, 'correct horse', '••••')
  press(terminal, 'Enter')
  await terminal.waitFor(/\[3 Browse\]/)
}

/** Goes down a list to a row: other programs of this user have mounts, too. */
async function choose(terminal: Terminal, row: RegExp): Promise<void> {
  // Keys that come before it is there lead nowhere.
  await terminal.waitFor(row)
  const lines = (): string[] => terminal.screen().split('\n')
  const chosen = (): number => lines().findIndex((line) => /^› /.test(line))
  const wanted = lines().findIndex((line) => row.test(line))
  for (let at = chosen(); at < wanted; at++) {
    press(terminal, 'Down')
    expect(await until(() => chosen() > at)).toBe(true)
  }
}

async function answerCode(terminal: Terminal, groups: readonly string[]): Promise<void> {
  await terminal.waitFor(/Is it written down\?(?:[^]*Group \d){2}/)
  const asked = [...terminal.screen().matchAll(/Group (\d)/g)].map(([, number]) => Number(number) - 1)
  for (const group of asked) {
    await fill(terminal, groups[group] ?? '', groups[group] ?? '')
    press(terminal, 'Enter')
  }
}

async function goTo(terminal: Terminal, path: string): Promise<void> {
  await terminal.waitFor(/▸|▾/)
  press(terminal, 'p')
  await terminal.waitFor(/Go to: /)
  await fill(terminal, path, path.slice(-12))
  press(terminal, 'Enter')
  await terminal.waitFor(new RegExp(`› .*${path.slice(path.lastIndexOf('/') + 1)}`))
}

/** Types text and waits until the terminal shows what is to be seen of it. */
async function fill(terminal: Terminal, text: string, shown: string | RegExp): Promise<void> {
  terminal.type(text)
  await terminal.waitFor(typeof shown === 'string' ? new RegExp(literal(shown)) : shown)
  // The frame that shows it may be followed by one more.
  await setTimeout(50)
}

/** Returns a pattern that matches just this text. */
function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}

function press(terminal: Terminal, ...keys: readonly string[]): void {
  for (const key of keys) terminal.press(key)
}
