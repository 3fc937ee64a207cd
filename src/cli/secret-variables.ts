import { nonEmpty } from './environment.ts'

/** What the environment says about how the repository, and the place where it lies, are opened. */
export interface SecretVariables {
  readonly password: string | undefined
  readonly passwordFile: string | undefined
  readonly passwordCommand: string | undefined
  readonly keyFile: string | undefined
  readonly recoveryCode: string | undefined
  /** Of the repository that points are copied to. */
  readonly toPassword: string | undefined
  /** Of the user of an SSH server. */
  readonly sftpPassword: string | undefined
  /** Of the file of an SSH key. */
  readonly sftpPassphrase: string | undefined
  /** Of a domain of a DuneSea server. */
  readonly duneseaToken: string | undefined
}

/** Returns what of these opens a repository, as the environment says it. */
export function openingVariables(variables: SecretVariables): Record<string, string> {
  const { keyFile, password, passwordCommand, passwordFile, recoveryCode } = variables
  return given({
    TIDEMARK_PASSWORD: password,
    TIDEMARK_PASSWORD_FILE: passwordFile,
    TIDEMARK_PASSWORD_COMMAND: passwordCommand,
    TIDEMARK_KEY_FILE: keyFile,
    TIDEMARK_RECOVERY_CODE: recoveryCode,
  })
}

/** Returns what of these opens the places where repositories lie, as the environment says it. */
export function placeVariables({
  sftpPassword,
  sftpPassphrase,
  duneseaToken,
}: SecretVariables): Record<string, string> {
  return given({
    TIDEMARK_SFTP_PASSWORD: sftpPassword,
    TIDEMARK_SFTP_PASSPHRASE: sftpPassphrase,
    TIDEMARK_DUNESEA_TOKEN: duneseaToken,
  })
}

function given(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(variables)
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/**
 * Takes the variables that say how the repository is opened out of `environment`, so that no process started from here
 * inherits them.
 */
export function takeSecretVariables(environment: Record<string, string | undefined>): SecretVariables {
  const take = (name: string): string | undefined => {
    const value = nonEmpty(environment[name])
    // Assigning undefined would leave the text "undefined" in process.env.
    Reflect.deleteProperty(environment, name)
    return value
  }
  return {
    password: take('TIDEMARK_PASSWORD'),
    passwordFile: take('TIDEMARK_PASSWORD_FILE'),
    passwordCommand: take('TIDEMARK_PASSWORD_COMMAND'),
    keyFile: take('TIDEMARK_KEY_FILE'),
    recoveryCode: take('TIDEMARK_RECOVERY_CODE'),
    toPassword: take('TIDEMARK_TO_PASSWORD'),
    sftpPassword: take('TIDEMARK_SFTP_PASSWORD'),
    sftpPassphrase: take('TIDEMARK_SFTP_PASSPHRASE'),
    duneseaToken: take('TIDEMARK_DUNESEA_TOKEN'),
  }
}
