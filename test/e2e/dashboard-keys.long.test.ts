import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { expect, onTestFinished, test } from 'vitest'

import { CliPlace, PROGRAM } from '../support/cli.ts'
import { DaemonPlace } from '../support/daemon-place.ts'
import { freePort } from '../support/ssh-server.ts'
import { Terminal } from '../support/terminal.ts'

test('the token of a DuneSea server is asked for by the wizard, and opens the repository from then on', async () => {
  const place = new CliPlace()
  const { token, port } = await serveDuneSea(place)
  await place.init()
  const terminal = new Terminal(`${process.execPath} ${PROGRAM}`, place.environment)
  await terminal.waitFor(/repository: 0 points/)
  terminal.press('6')
  await terminal.waitFor(/\[6 Drivers\]/)
  for (const key of ['n', 'Down', 'Down', 'Down', 'Down', 'Enter']) terminal.press(key)
  await terminal.waitFor(/› Host/)
  await fill(terminal, '127.0.0.1', /127\.0\.0\.1▏/)
  terminal.press('Tab')
  await fill(terminal, String(port), new RegExp(`${port}▏`))
  terminal.press('Tab')
  await fill(terminal, 'mine', /mine▏/)
  terminal.press('Tab')
  terminal.press('Space')
  await terminal.waitFor(new RegExp(`It is dunesea\\+http://127.0.0.1:${port}/mine`))
  terminal.press('C-s')
  await terminal.waitFor(/› Token/)
  await fill(terminal, token, /Token +•••/)
  terminal.press('Enter')
  await fill(terminal, 'away', /away▏/)
  terminal.press('Enter')
  await fill(terminal, 'geheim!', /New password +•••/)
  terminal.press('Enter')
  await fill(terminal, 'geheim!', /again +•••/)
  terminal.press('Enter')
  await terminal.waitFor(/^ {4}((?:[0-9A-Z]{4}-){8}[0-9A-Z]{4}) *$/m)
  const configuration = readFileSync(join(place.home, '.config', 'tidemark', 'config.yaml'), 'utf8')
  expect(configuration).toContain('sealed:')
  expect(configuration).not.toContain(token)
  expect(terminal.screen()).not.toContain(token)
  // Commands open what the wizard sealed.
  await place.succeed(['points', '-r', 'away'], { environment: { TIDEMARK_PASSWORD: 'geheim!' } })
})

test('what is unlocked in the dashboard is unlocked in the daemon, and the other way round', async () => {
  const place = new DaemonPlace()
  writeFileSync(place.configFile, `repositories:\n  disk:\n    url: ${place.repository}\n`)
  const environment = { TIDEMARK_PASSWORD: 'correct horse' }
  await place.succeed(['init', '-r', 'disk', '--no-recovery', '--kdf-memory', '8M'], { environment })
  await place.succeed(['backup', '-r', 'disk', place.source], { environment })
  const daemon = await place.startDaemon()
  const first = new Terminal(`${process.execPath} ${PROGRAM}`, place.environment)
  await first.waitFor(/Open with/)
  await fill(first, 'correct horse', /Secret +•••/)
  first.press('Enter')
  await first.waitFor(/disk: 1 points?/)
  const unlocked = async (): Promise<unknown> => {
    const { stdout } = await place.succeed(['daemon', 'status', '--json'])
    return (JSON.parse(stdout) as { readonly unlocked: unknown }).unlocked
  }
  expect(await unlocked()).toMatchObject([{ location: place.repository }])
  // The daemon does what is asked for with the key that it was given.
  first.press('c')
  await first.waitFor(/check disk is done/)
  first.press('q')
  await first.waitFor(/exit code 0/)

  const second = new Terminal(`${process.execPath} ${PROGRAM}`, place.environment)
  await second.waitFor(/disk: 1 points?/)
  daemon.kill('SIGKILL')
  await second.waitFor(/the daemon is gone since/)
  // What the daemon gave opens it here, but nothing that this process would have to start.
  second.press('c')
  await second.waitFor(/Open with/)
  await fill(second, 'correct horse', /Secret +•••/)
  second.press('Enter')
  await second.waitFor(/disk is open/)
  second.press('c')
  await second.waitFor(/check disk is done/)
  second.press('q')
  await second.waitFor(/exit code 0/)
})

async function fill(terminal: Terminal, text: string, shown: RegExp): Promise<void> {
  terminal.type(text)
  await terminal.waitFor(shown)
}

async function serveDuneSea(place: CliPlace): Promise<{ readonly token: string; readonly port: number }> {
  const port = await freePort()
  const store = ['--store', join(place.folder, 'server')]
  const child = place.start(['serve', 'dunesea', ...store, '--listen', `127.0.0.1:${port}`, '--json'])
  onTestFinished(() => void child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    expect(JSON.parse(line)).toMatchObject({ type: 'listening' })
    break
  }
  child.stdout.resume()
  child.stderr.resume()
  const { stdout } = await place.succeed(['serve', 'dunesea', ...store, 'token', 'add', 'mine'])
  return { token: stdout.trim(), port }
}
