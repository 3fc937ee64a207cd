import { join } from 'node:path'

import { baseEnvironment } from './tool.ts'
import type { Place, Tool } from './tool.ts'

/** Runs the built program at `program` in a cold process, with the key derivation that it has by default. */
export function tidemark(program: string): Tool {
  const command = (place: Place, ...words: string[]) => ({
    words: [process.execPath, program, ...words] as const,
    environment: {
      ...baseEnvironment(place),
      TIDEMARK_REPOSITORY: place.repository,
      TIDEMARK_PASSWORD: 'correct horse battery staple',
    },
    cwd: place.home,
  })
  return {
    name: 'Tidemark',
    isDistribution: false,
    init: (place) => [command(place, 'init', '--no-recovery')],
    backup: (place, { source }) => command(place, 'backup', source),
    restore: (place, { source, target }) => command(place, 'restore', `latest:${source}`, '--target', target),
    mounting: {
      mount: (place, directory) => command(place, 'mount', directory),
      backups: (directory) => join(directory, 'points'),
    },
    remote: {
      sftp: (host, folder) => `sftp://${host}${folder}`,
      s3: (endpoint, path) => `s3://${path}?endpoint=${endpoint}`,
    },
    care: {
      check: (place) => command(place, 'check'),
      checkData: (place) => command(place, 'check', '--read-data'),
      forgetAndPrune: (place, keep) => command(place, 'forget', '--keep-last', String(keep), '--prune', '--exclusive'),
    },
  }
}
