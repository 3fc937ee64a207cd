import type { Command } from './measure.ts'

/** Where one run of a tool keeps what is its own. */
export interface Place {
  readonly home: string
  /** A folder, or what the tool calls a repository on a server. */
  readonly repository: string
  /** What a server wants to be told of its user. */
  readonly environment?: Readonly<Record<string, string>>
}

/** How a tool calls repositories on servers; what it does not reach is absent. */
export interface Remote {
  /** In a folder of an SSH server that the user's configuration calls `host`. */
  readonly sftp?: (host: string, folder: string) => string
  /** In a bucket, under a prefix. */
  readonly s3?: (endpoint: string, path: string) => string
}

/** How a tool looks after a repository. */
export interface Care {
  readonly check: (place: Place) => Command
  readonly checkData: (place: Place) => Command
  /** Removes all but the newest `keep` backups and what only they hold, at once. */
  readonly forgetAndPrune: (place: Place, keep: number) => Command
}

/** A backup tool as the bench runs it. Names of backups are distinct within a repository. */
export interface Tool {
  /** With its version. */
  readonly name: string
  /** Whether the system's own package manager brought it: the version most people have. */
  readonly isDistribution: boolean
  init(place: Place): readonly Command[]
  backup(place: Place, backup: { readonly name: string; readonly source: string }): Command
  /** Restores the newest backup, `name` of `source`, into the empty folder `target`, or a folder below it. */
  restore(place: Place, restore: { readonly name: string; readonly source: string; readonly target: string }): Command
  /** How its backups are mounted; `undefined` where they cannot be. */
  readonly mounting?: Mounting
  readonly care?: Care
  readonly remote?: Remote
}

/** How a tool shows its backups as folders. */
export interface Mounting {
  /** Mounts all of them at the empty folder `directory`, until it is unmounted. */
  mount(place: Place, directory: string): Command
  /** Returns the folder of the mount that lists the backups; each holds the whole paths of what was backed up. */
  backups(directory: string): string
}

/** The environment of every tool: a home of its own and nothing of the user's. */
export function baseEnvironment({ home, environment }: Place): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: home, LANG: 'C.UTF-8', TZ: 'UTC', ...environment }
}
