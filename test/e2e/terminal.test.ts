import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { CliPlace, PROGRAM } from '../support/cli.ts'
import { Terminal } from '../support/terminal.ts'

/** Runs the program in a terminal, without a password in its environment. */
function terminalWith(place: CliPlace, words: string): Terminal {
  const environment = { ...place.environment }
  delete environment['TIDEMARK_PASSWORD']
  return new Terminal(`${process.execPath} ${PROGRAM} ${words}`, environment)
}

async function answer(terminal: Terminal, question: RegExp, text: string): Promise<void> {
  await terminal.waitFor(question)
  terminal.type(text)
  terminal.press('Enter')
}

test('init asks twice without showing what is typed, and shows a recovery code that opens the repository', async () => {
  const place = new CliPlace()
  const terminal = terminalWith(place, 'init --kdf-memory 8M')
  await answer(terminal, /New password of .*: $/m, 'geheim!')
  await answer(terminal, /The same again: /, 'geheim!')
  const [, code = ''] = await terminal.waitFor(/^ {4}((?:[0-9A-Z]{4}-){8}[0-9A-Z]{4})$/m)
  await terminal.waitFor(/exit code 0/)
  expect(terminal.screen()).not.toContain('geheim')
  await place.succeed(['points'], { environment: { TIDEMARK_PASSWORD: '', TIDEMARK_RECOVERY_CODE: code } })
  await place.succeed(['points'], { environment: { TIDEMARK_PASSWORD: 'geheim!' } })
})

test('two different passwords make no repository', async () => {
  const place = new CliPlace()
  const terminal = terminalWith(place, 'init')
  await answer(terminal, /New password of .*: $/m, 'one')
  await answer(terminal, /The same again: /, 'two')
  await terminal.waitFor(/the two passwords differ[^]*exit code 2/)
  expect(existsSync(place.repository)).toBe(false)
})

test('the password is asked for on the terminal, also when standard input is what is stored', async () => {
  const place = new CliPlace()
  await place.init()
  const terminal = terminalWith(place, 'backup --stdin --name words < /etc/hostname')
  await answer(terminal, /Password of .*: /, 'wrong\u0015correct hors\u007fse')
  await terminal.waitFor(/Made point [0-9a-f]{8} \(full\)[^]*exit code 0/)
  expect((await place.succeed(['cat', 'latest:/words'])).stdout).toBe(readFileSync('/etc/hostname', 'utf8'))
})

test('a mistyped password is asked for again, twice', async () => {
  const place = new CliPlace()
  await place.init()
  const terminal = terminalWith(place, 'key list')
  await answer(terminal, /Password of .*: $/m, 'wrong')
  await terminal.waitFor(/opens no slot[^]*Password of .*: $/m)
  terminal.type('correct horse')
  terminal.press('Enter')
  await terminal.waitFor(/password +full [^]*opened now[^]*exit code 0/)
  const hopeless = terminalWith(place, 'points')
  for (const times of [0, 1, 2]) {
    await hopeless.waitFor(new RegExp(`^(?:[^]*opens no slot){${times}}[^]*Password of .*: $`, 'm'))
    hopeless.type('wrong')
    hopeless.press('Enter')
  }
  await hopeless.waitFor(/exit code 12/)
})

test('control-C at the password is an interrupt', async () => {
  const place = new CliPlace()
  await place.init()
  const terminal = terminalWith(place, 'points')
  await terminal.waitFor(/Password of .*: /)
  terminal.press('C-c')
  await terminal.waitFor(/exit code 130/)
})

test('a restore over files shows what it would do, asks, again where that changed, and takes no for an answer', async () => {
  const place = new CliPlace()
  writeFileSync(join(place.source, 'a'), 'from the point')
  await place.init()
  await place.succeed(['backup', place.source])
  const target = join(place.folder, 'target')
  mkdirSync(target)
  writeFileSync(join(target, 'a'), 'mine')
  const words = `restore latest:${place.source} --target ${target} --overwrite always`
  const environment = place.environment
  const first = new Terminal(`${process.execPath} ${PROGRAM} ${words}`, environment)
  await first.waitFor(/overwrite .*\/target\/a/)
  await answer(first, /Restore this\? \[y\/N\] /, 'n')
  await first.waitFor(/Nothing was restored\.[^]*exit code 0/)
  expect(readFileSync(join(target, 'a'), 'utf8')).toBe('mine')
  const second = new Terminal(`${process.execPath} ${PROGRAM} ${words} --delete`, environment)
  await second.waitFor(/Restore this\? \[y\/N\] /)
  writeFileSync(join(target, 'came-meanwhile'), 'mine')
  await answer(second, /Restore this\? \[y\/N\] /, 'y')
  await answer(second, /changed since it was shown[^]*came-meanwhile[^]*Restore this\? \[y\/N\] /, 'y')
  await second.waitFor(/exit code 0/)
  expect(readdirSync(target)).toEqual(['a'])
  expect(readFileSync(join(target, 'a'), 'utf8')).toBe('from the point')
})

test('progress stays on one line of a terminal and is gone at the end', async () => {
  const place = new CliPlace()
  await place.init()
  const fifo = join(place.folder, 'fifo')
  const seen = join(place.folder, 'seen')
  const more = 'head -c 300000 /dev/urandom'
  const feed = `mkfifo ${fifo}; (while ${more} && ! [ -e ${seen} ]; do sleep 0.1; done) > ${fifo} &`
  const terminal = new Terminal(
    `${feed} ${process.execPath} ${PROGRAM} backup --stdin --name stream < ${fifo}`,
    place.environment,
  )
  await terminal.waitFor(/MiB {2}[\d.]+ \w+\/s/)
  writeFileSync(seen, '')
  await terminal.waitFor(/exit code 0/)
  expect(terminal.screen()).not.toMatch(/\/s {2}/)
})
