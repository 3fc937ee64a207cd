/** Where this installation keeps what is its own; absolute paths, chosen by the face. */
export interface Paths {
  /** The user's `config.yaml`; it may be missing. */
  readonly configFile: string
  /** What must not be lost: the instance's signing key, journals of runs. */
  readonly stateDirectory: string
  /** What may be lost at any time. */
  readonly cacheDirectory: string
}
