/** Options that every command understands. */
export interface GlobalFlags {
  readonly repository?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  /** False with --no-progress. */
  readonly progress: boolean
  readonly cacheDir?: string
  readonly config?: string
  /** Bytes a second, such as 2MiB/s. */
  readonly limitUpload?: string
  readonly limitDownload?: string
  /** Of processes that this program starts: the pipe through which what opens the repository comes. */
  readonly secretFd?: number
  /** As `secretFd`, of the repository that points are copied to. */
  readonly toSecretFd?: number
  /** Of processes that this program starts: the file that is told how they ended. */
  readonly endFd?: number
}
