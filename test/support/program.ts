import { join } from 'node:path'

/** The built program, which `npm test` builds before. */
export const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'tidemark.js')
/** Compiled code of programs, whose every place has a home of its own without any, and of threads that tests start from source. */
export const CODE_CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'tidemark-tests')

export const PASSWORD = 'correct horse'

/** Makes a repository with a password that is cheap to derive. */
export const INIT_WORDS = ['init', '--no-recovery', '--kdf-memory', '8M']

export interface PlacePaths {
  readonly home: string
  readonly repository: string
}

/** Where in the folder of a user are home and repository. */
export function placePaths(folder: string): PlacePaths {
  return { home: join(folder, 'home'), repository: join(folder, 'repository') }
}

/** What the program gets as its environment in a user's private place. */
export function placeEnvironment({ home, repository }: PlacePaths): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    TZ: 'UTC',
    NODE_COMPILE_CACHE: CODE_CACHE,
    TIDEMARK_PASSWORD: PASSWORD,
    TIDEMARK_REPOSITORY: repository,
  }
}
