import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { CliPlace } from './cli.ts'
import type { TestSshServer } from './ssh-server.ts'

/** Returns a place whose user has an SSH configuration that names a server `nas`, and the key that opens it. */
export function placeWithSsh(ssh: TestSshServer): CliPlace {
  const place = new CliPlace()
  const folder = join(place.home, '.ssh')
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(join(folder, 'id_ed25519'), readFileSync(ssh.keyFile), { mode: 0o600 })
  writeFileSync(join(folder, 'known_hosts'), ssh.knownHosts)
  writeFileSync(join(folder, 'config'), `Host nas\n  HostName 127.0.0.1\n  Port ${ssh.port}\n`)
  return place
}
