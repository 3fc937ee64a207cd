import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { isMounted, until } from './cli-mount.ts'
import { PROGRAM } from './cli.ts'
import { fillContractTree } from './contract-tree.ts'

/** A repository with one point of a folder that has one of everything, and what shows it; for many tests. */
export class ContractRepository implements AsyncDisposable {
  readonly source: string
  readonly #folder: string
  readonly #closing: (() => Promise<void>)[] = []

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'tidemark-contract-'))
    // For other users, too.
    chmodSync(this.#folder, 0o755)
    this.source = join(this.#folder, 'source')
    mkdirSync(this.source)
    fillContractTree(this.source)
    this.#run('init', '--no-recovery', '--kdf-memory', '8M')
    this.#run('backup', '--quiet', this.source)
  }

  get #environment(): Record<string, string> {
    const repository = join(this.#folder, 'repository')
    return {
      ...{ PATH: process.env['PATH'] ?? '', HOME: this.#folder },
      ...{ TIDEMARK_PASSWORD: 'correct horse', TIDEMARK_REPOSITORY: repository },
    }
  }

  #run(...words: string[]): void {
    execFileSync(process.execPath, [PROGRAM, ...words], { env: this.#environment, stdio: 'pipe' })
  }

  /** Restores the folder and returns where it is. */
  restore(): string {
    const target = join(this.#folder, 'restored')
    this.#run('restore', `latest:${this.source}`, '--target', target)
    return target
  }

  /** Mounts the repository until this is disposed of; returns where the folder is then. */
  async mount(transport: 'kernel' | 'native', ...options: readonly string[]): Promise<string> {
    const directory = join(this.#folder, [transport, ...options].join(''))
    mkdirSync(directory)
    const words = [PROGRAM, 'mount', directory, '--transport', transport, ...options]
    const child = spawn(process.execPath, words, { env: this.#environment, stdio: ['ignore', 'ignore', 'inherit'] })
    const ended = once(child, 'exit')
    this.#closing.push(async () => {
      child.kill('SIGTERM')
      await ended
      spawnSync('umount', ['--lazy', directory], { stdio: 'ignore' })
    })
    if (!(await until(() => isMounted(directory) || child.exitCode !== null)) || child.exitCode !== null) {
      throw new Error(`nothing was mounted through ${transport}`)
    }
    return join(directory, 'latest', this.source)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing) await close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
