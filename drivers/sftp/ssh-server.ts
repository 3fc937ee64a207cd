/** How to reach an SSH server, and as whom: everything that its user's files and environment say, read beforehand. */
export interface SshServer {
  /** What `known_hosts` calls it. */
  readonly name: string
  /** What to connect to. */
  readonly address: string
  readonly port: number
  readonly user: string
  /** Path of the socket of the user's agent. */
  readonly agent: string | undefined
  readonly keys: readonly SshKeyFile[]
  /** They were named for this server alone: the agent's, which may be many, are shown behind them. */
  readonly keysFirst: boolean
  /** Texts of the `known_hosts` files. */
  readonly knownHosts: readonly string[]
  /** Path of the one of these files to which a key is added that somebody accepted; it need not be there. `undefined`: of none. */
  readonly acceptedHosts: string | undefined
  /** The server through which this one is reached. */
  readonly jump: SshServer | undefined
}

/** The file of a private key. */
export interface SshKeyFile {
  readonly path: string
  readonly bytes: Buffer
}

/** Gives what a server or a key wants to know; `undefined` when nobody can. */
export interface SshSecrets {
  /** @returns the passphrase of the key file at `path` */
  passphrase(path: string): Promise<string | undefined>
  /** @returns the password, such as of `ada@host` */
  password(of: string): Promise<string | undefined>
}
