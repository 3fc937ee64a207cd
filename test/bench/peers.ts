import { spawnSync } from 'node:child_process'
import { accessSync, constants, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import { baseEnvironment } from './tool.ts'
import type { Command } from './measure.ts'
import type { Place, Tool } from './tool.ts'

const PASSWORD = 'correct horse battery staple'

type Peer = Omit<Tool, 'name' | 'isDistribution'>
type Build = (run: (place: Place, ...words: string[]) => Command) => Peer

const restic: Build = (run) => ({
  init: (place) => [run(place, 'init')],
  backup: (place, { source }) => run(place, 'backup', source),
  restore: (place, { source, target }) => run(place, 'restore', 'latest', '--path', source, '--target', target),
  mounting: {
    mount: (place, directory) => run(place, 'mount', directory),
    backups: (directory) => join(directory, 'snapshots'),
  },
  care: {
    check: (place) => run(place, 'check'),
    checkData: (place) => run(place, 'check', '--read-data'),
    forgetAndPrune: (place, keep) => run(place, 'forget', '--keep-last', String(keep), '--prune'),
  },
  remote: {
    sftp: (host, folder) => `sftp:${host}:${folder}`,
    s3: (endpoint, path) => `s3:${endpoint}/${path}`,
  },
})

const rustic: Build = (run) => ({
  init: (place) => [run(place, 'init')],
  backup: (place, { source }) => run(place, 'backup', source),
  restore: (place, { target }) => run(place, 'restore', 'latest', target),
})

const borg: Build = (run) => ({
  init: (place) => [run(place, 'init', '-e', 'repokey-blake2', place.repository)],
  backup: (place, { name, source }) => run(place, 'create', '-C', 'lz4', `${place.repository}::${name}`, source),
  restore: (place, { name, target }) => ({ ...run(place, 'extract', `${place.repository}::${name}`), cwd: target }),
  mounting: {
    mount: (place, directory) => run(place, 'mount', '-f', place.repository, directory),
    backups: (directory) => directory,
  },
  remote: { sftp: (host, folder) => `ssh://${host}${folder}` },
})

/** Returns the id of the newest snapshot's root, which is what kopia restores. */
function kopiaRoot({ words, environment, cwd }: Command): string {
  const { stdout } = spawnSync(words[0], words.slice(1), {
    env: environment,
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  const snapshots = JSON.parse(stdout) as { rootEntry: { obj: string } }[]
  const root = snapshots.at(-1)?.rootEntry.obj
  if (root === undefined) throw new Error('kopia lists no snapshot: see what its backup printed')
  return root
}

const kopia: Build = (run) => ({
  init: (place) => [
    run(place, 'repository', 'create', 'filesystem', '--path', place.repository),
    run(place, 'policy', 'set', '--global', '--compression=zstd-fastest'),
  ],
  backup: (place, { source }) => run(place, 'snapshot', 'create', source),
  restore: (place, { source, target }) =>
    run(place, 'snapshot', 'restore', kopiaRoot(run(place, 'snapshot', 'list', source, '--json')), target),
})

const KNOWN: readonly { readonly name: string; readonly versionWords: string[]; readonly build: Build }[] = [
  { name: 'kopia', versionWords: ['--version'], build: kopia },
  { name: 'restic', versionWords: ['version'], build: restic },
  { name: 'rustic', versionWords: ['--version'], build: rustic },
  { name: 'borg', versionWords: ['--version'], build: borg },
]

/** Settings of all tools at once: each looks at its own. */
function environment(place: Place): Record<string, string> {
  return {
    ...baseEnvironment(place),
    RESTIC_REPOSITORY: place.repository,
    RESTIC_PASSWORD: PASSWORD,
    RUSTIC_REPOSITORY: place.repository,
    RUSTIC_PASSWORD: PASSWORD,
    BORG_PASSPHRASE: PASSWORD,
    KOPIA_PASSWORD: PASSWORD,
    KOPIA_CHECK_FOR_UPDATES: 'false',
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Finds the tools to compare with: every version of each that is on the PATH. */
export function findPeers(): Tool[] {
  const found = new Map<string, Tool>()
  for (const { name, versionWords, build } of KNOWN) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const file = join(folder, name)
      if (folder === '' || !isExecutable(file)) continue
      const path = realpathSync(file)
      const { stdout } = spawnSync(path, versionWords, { encoding: 'utf8' })
      const version = /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? 'of unknown version'
      // Borg 2 has another command line.
      if (found.has(path) || (name === 'borg' && !version.startsWith('1.'))) continue
      const peer = build((place, ...words) => ({
        words: [path, ...words],
        environment: environment(place),
        cwd: place.home,
      }))
      found.set(path, { ...peer, name: `${name} ${version}`, isDistribution: path.startsWith('/usr/bin/') })
    }
  }
  return [...found.values()]
}
