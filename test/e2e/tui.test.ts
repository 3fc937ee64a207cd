import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { CliPlace, PROGRAM } from '../support/cli.ts'
import { Terminal } from '../support/terminal.ts'

test('without a terminal there is no dashboard: tidemark alone prints its help', async () => {
  const place = new CliPlace()
  expect((await place.run([])).stdout).toContain('Usage: tidemark')
  const { code, stderr } = await place.run(['tui'])
  expect(code).toBe(2)
  expect(stderr).toContain('the dashboard needs a terminal')
})

test('on a terminal tidemark alone opens the dashboard; q leaves it and the terminal as it was', async () => {
  const place = new CliPlace()
  await place.init()
  const terminal = new Terminal(`echo before; ${process.execPath} ${PROGRAM}`, place.environment)
  await terminal.waitFor(/\[1 Overview\]/)
  expect(terminal.screen()).not.toContain('before')
  terminal.press('q')
  await terminal.waitFor(/before\s+exit code 0/)
  expect(terminal.screen()).not.toContain('Overview')
})

test('a signal ends the dashboard and leaves the terminal as it was', async () => {
  const place = new CliPlace()
  await place.init()
  const pidFile = join(place.folder, 'pid')
  const program = `(sh -c 'echo $PPID' > ${pidFile}; exec ${process.execPath} ${PROGRAM} tui)`
  const terminal = new Terminal(program, place.environment)
  await terminal.waitFor(/\[1 Overview\]/)
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM')
  await terminal.waitFor(/the dashboard is closed[^]*exit code 0/)
  expect(terminal.screen()).not.toContain('Overview')
})

test('an error that nobody caught ends the dashboard, is told, and leaves the terminal as it was', async () => {
  const place = new CliPlace()
  await place.init()
  const preload = join(place.folder, 'bug.mjs')
  const pidFile = join(place.folder, 'pid')
  writeFileSync(preload, "process.on('SIGUSR2', () => { throw new Error('a bug of a test') })")
  const environment = { ...place.environment, NODE_OPTIONS: `--import=${preload}` }
  const program = `(sh -c 'echo $PPID' > ${pidFile}; exec ${process.execPath} ${PROGRAM} tui)`
  const terminal = new Terminal(`echo before; ${program}; stty -a | grep -o ' -*icanon'`, environment)
  // Charts bring a library of their own that would like to hear of errors.
  await terminal.waitFor(/0 points[^]*Repository size/)
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGUSR2')
  await terminal.waitFor(/before[^]*a bug of a test[^]* icanon\s+exit code/)
  expect(terminal.screen()).not.toContain('Overview')
})

test('what cannot be opened is told after the terminal is as it was', async () => {
  const place = new CliPlace()
  const environment = { ...place.environment, TIDEMARK_STATE_DIR: '/proc/nowhere' }
  const terminal = new Terminal(`${process.execPath} ${PROGRAM}`, environment)
  await terminal.waitFor(/tidemark: .*\/proc\/nowhere[^]*exit code 1/)
  expect(terminal.screen()).not.toContain('Overview')
})
