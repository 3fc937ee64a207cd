import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const PROJECT = join(import.meta.dirname, '..', '..')

/** Runs npm there. */
export function npm(folder: string, ...words: readonly string[]): string {
  return execFileSync('npm', words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Packs this project as for the registry, and returns the name of the tarball in the folder. */
export function packInto(folder: string): string {
  // The build has been done; doing it again would take dist away from tests that run at the same time.
  npm(PROJECT, 'run', 'build:types')
  npm(PROJECT, 'pack', '--ignore-scripts', '--pack-destination', folder)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm packed nothing')
  return tarball
}

/** Runs the program of an installed package, with a repository in the folder. */
export function runInstalled(folder: string, program: string, ...words: readonly string[]): string {
  const env = {
    PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    TIDEMARK_PASSWORD: 'x',
    TIDEMARK_REPOSITORY: join(folder, 'repository'),
  }
  return execFileSync(program, words, { env, encoding: 'utf8', stdio: 'pipe' })
}
