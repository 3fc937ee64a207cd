import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { DaemonPlace } from '../support/daemon-place.ts'

/** A machine whose service manager notes what it is told; `refused`: what it does not do. */
class ManagedPlace extends DaemonPlace {
  readonly unit = join(this.home, '.config/systemd/user/tidemark.service')
  readonly #told = join(this.folder, 'told')

  constructor(refused = 'nothing') {
    super()
    const folder = join(this.folder, 'bin')
    mkdirSync(folder)
    for (const name of ['systemctl', 'loginctl']) {
      const script = `#!/bin/sh\necho "${name} $*" >> ${this.#told}\ncase "$*" in *${refused}*) echo 'Access denied' >&2; exit 1;; esac\n`
      writeFileSync(join(folder, name), script)
      chmodSync(join(folder, name), 0o755)
    }
    this.environment['PATH'] = `${folder}:${this.environment['PATH'] ?? ''}`
  }

  /** Returns what the service manager was told since it was asked last. */
  told(): string[] {
    const told = existsSync(this.#told) ? readFileSync(this.#told, 'utf8').trimEnd().split('\n') : []
    writeFileSync(this.#told, '')
    return told
  }
}

const ENABLE = [
  'systemctl --user daemon-reload',
  'systemctl --user enable tidemark.service',
  'systemctl --user restart tidemark.service',
]
const LINGER = `loginctl enable-linger ${userInfo().username}`

test('install writes a unit for this very installation and has it run; uninstall takes both back, and a dry run does nothing', async () => {
  const place = new ManagedPlace()
  const dry = JSON.parse((await place.succeed(['daemon', 'install', '--dry-run', '--json'])).stdout) as {
    unit: string
    text: string
    commands: string[][]
  }
  expect([existsSync(place.unit), place.told()]).toEqual([false, []])
  expect(dry.commands.map((words) => words.join(' '))).toEqual([...ENABLE, LINGER])
  const { stdout } = await place.succeed(['daemon', 'install', '--json'])
  expect(JSON.parse(stdout)).toEqual({ unit: place.unit, enabled: true, lingers: true })
  expect(place.told()).toEqual([...ENABLE, LINGER])
  expect([dry.unit, dry.text]).toEqual([place.unit, readFileSync(place.unit, 'utf8')])
  expect(statSync(place.unit).mode & 0o777).toBe(0o600)
  expect(dry.text).toContain(`Environment="TIDEMARK_CONFIG=${place.configFile}"\n`)
  expect(dry.text).toMatch(/^ExecStart=".*node.*tidemark\.js" "daemon"$/m)
  const undone = await place.succeed(['daemon', 'uninstall', '--json'])
  expect(JSON.parse(undone.stdout)).toEqual({ unit: place.unit, removed: true })
  expect([existsSync(place.unit), place.told()]).toEqual([
    false,
    ['systemctl --user disable --now tidemark.service', 'systemctl --user daemon-reload'],
  ])
})

test('where the machine lets nobody linger, that is said; where the service manager refuses, what to do', async () => {
  const lonely = new ManagedPlace('enable-linger')
  const { stdout, stderr } = await lonely.succeed(['daemon', 'install', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ enabled: true, lingers: false })
  expect(stderr).toContain(`it runs only while you are logged in: \`${LINGER}\` failed (Access denied)`)
  const without = await new ManagedPlace('restart').run(['daemon', 'install'])
  expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('Access denied')])
  expect(without.stderr).toContain('Run it by hand')
  expect(without.stderr).toContain('tidemark.service is written, but nothing runs it yet')
})
