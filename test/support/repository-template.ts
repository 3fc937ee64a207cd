import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { INIT_WORDS, placeEnvironment, placePaths, PROGRAM } from './program.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of a `RepositoryTemplate`, where the program is built. */
    readonly repositoryTemplate?: string
  }
}

/** The home and the repository of a user who has just made it, which most tests begin with: copying it starts no program. */
export class RepositoryTemplate {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Has the program make one. */
  static make(): RepositoryTemplate {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-template-'))
    const paths = placePaths(folder)
    mkdirSync(paths.home)
    const env = placeEnvironment(paths)
    execFileSync(process.execPath, [PROGRAM, ...INIT_WORDS], {
      cwd: folder,
      env,
      stdio: 'pipe',
    })
    return new RepositoryTemplate(folder)
  }

  /** Puts it into the folder of a user who has made nothing yet. */
  copyTo(folder: string): void {
    const [from, to] = [placePaths(this.folder), placePaths(folder)]
    cpSync(from.repository, to.repository, { recursive: true, errorOnExist: true, force: false })
    cpSync(from.home, to.home, { recursive: true, errorOnExist: true, force: false })
    // Nothing else says where the repository is.
    const configFile = join(to.home, '.config', 'tidemark', 'config.yaml')
    writeFileSync(configFile, readFileSync(configFile, 'utf8').replaceAll(from.repository, to.repository))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}
