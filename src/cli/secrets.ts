import { open } from 'node:fs/promises'

import { errnoOf, KeyError, UsageError } from '../base/errors.ts'
import type { SlotSecret } from '../repository/slot-key.ts'
import { commandOutput } from './command-output.ts'
import type { SecretVariables } from './secret-variables.ts'

/** No password, key file or recovery code is larger. */
const SECRET_BYTES_MAX = 4096

/** How secrets are asked for. */
export interface SecretContext {
  readonly variables: SecretVariables
  /** Whether somebody sits at a terminal. */
  readonly interactive: boolean
  readonly signal: AbortSignal
  /** Asks on the terminal without echo; the answer is the caller's to wipe. */
  ask(question: string): Promise<Uint8Array>
  warn(text: string): void
}

/**
 * Returns what opens the repository at `location`: the recovery code, key file or password that the environment names,
 * in this order, or else a password asked for on the terminal. The caller wipes it.
 *
 * @throws {KeyError} BAD_RECOVERY_CODE, WRONG_KEY: not in the form of one.
 * @throws {UsageError} BAD_ARGUMENT: nothing names one and there is no terminal; a file cannot be read.
 * @throws {SourceError} COMMAND_FAILED
 */
export async function openingSecret(context: SecretContext, location: string): Promise<SlotSecret> {
  const { recoveryCode, keyFile } = context.variables
  if (recoveryCode !== undefined) {
    const { parseRecoveryCode } = await import('../format/recovery-code.ts')
    return { kind: 'recovery-code', bytes: parseRecoveryCode(recoveryCode) }
  }
  if (keyFile !== undefined) {
    const { decodeKeyFile } = await import('../repository/key-file.ts')
    const text = await readSecretFile(context, { file: keyFile, variable: 'TIDEMARK_KEY_FILE' })
    const { key } = decodeKeyFile(text)
    text.fill(0)
    return { kind: 'key-file', bytes: key }
  }
  const given = await givenPassword(context)
  if (given !== undefined) return given
  if (!context.interactive) throw nothingGiven(location)
  return passwordOf(await context.ask(`Password of ${location}: `))
}

/**
 * Returns the password of a new slot: the one that the environment names, or one asked for twice.
 *
 * @throws {UsageError} BAD_ARGUMENT: it is empty, the two differ, or nobody is there to be asked.
 */
export async function newPassword(
  context: SecretContext,
  options: { readonly purpose: string; readonly useEnvironment: boolean },
): Promise<SlotSecret> {
  const given = options.useEnvironment ? await givenPassword(context) : undefined
  if (given !== undefined) return given
  if (!context.interactive) throw nothingGiven(options.purpose)
  const first = passwordOf(await context.ask(`New password of ${options.purpose}: `))
  const second = passwordOf(await context.ask('The same again: '))
  const same = Buffer.compare(first.bytes, second.bytes) === 0
  second.bytes.fill(0)
  if (same) return first
  first.bytes.fill(0)
  throw new UsageError('BAD_ARGUMENT', 'the two passwords differ', { hint: 'Run the command again.' })
}

/** Reads a password from a file that an option or a variable names. The caller wipes it. */
export async function passwordFromFile(
  context: SecretContext,
  source: { readonly file: string; readonly variable: string },
): Promise<SlotSecret> {
  return passwordOf(withoutLineEnd(await readSecretFile(context, source)))
}

async function givenPassword(context: SecretContext): Promise<SlotSecret | undefined> {
  const { password, passwordFile, passwordCommand } = context.variables
  if (password !== undefined) return passwordOf(new Uint8Array(Buffer.from(password, 'utf8')))
  if (passwordFile !== undefined) {
    return passwordFromFile(context, { file: passwordFile, variable: 'TIDEMARK_PASSWORD_FILE' })
  }
  if (passwordCommand === undefined) return undefined
  const output = await commandOutput(passwordCommand, {
    variable: 'TIDEMARK_PASSWORD_COMMAND',
    bytesMax: SECRET_BYTES_MAX,
    signal: context.signal,
  })
  return passwordOf(withoutLineEnd(output))
}

/** Makes a secret of a password's bytes, which become its own. */
function passwordOf(bytes: Uint8Array): SlotSecret {
  if (bytes.byteLength === 0) {
    throw new UsageError('BAD_ARGUMENT', 'the password is empty', { hint: 'A password has at least one character.' })
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { kind: 'password', bytes }
  }
  // Composed, so that every keyboard and system types the same one.
  const composed = new Uint8Array(Buffer.from(text.normalize('NFC'), 'utf8'))
  bytes.fill(0)
  return { kind: 'password', bytes: composed }
}

/** Editors and `echo` end a line; that end is not part of the password. */
function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  let length = bytes.byteLength
  if (bytes[length - 1] === 0x0a) length--
  if (bytes[length - 1] === 0x0d) length--
  const line = bytes.slice(0, length)
  bytes.fill(0)
  return line
}

async function readSecretFile(
  context: SecretContext,
  { file, variable }: { readonly file: string; readonly variable: string },
): Promise<Uint8Array> {
  try {
    await using handle = await open(file, 'r')
    const info = await handle.stat()
    if (info.isFile() && (info.mode & 0o077) !== 0) {
      context.warn(`${file} can be read by others: run \`chmod 600 ${file}\``)
    }
    // One more than allowed; a pipe, as the shell's <(...) makes one, has no size to ask for.
    const bytes = new Uint8Array(SECRET_BYTES_MAX + 1)
    let filled = 0
    while (filled < bytes.byteLength) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, null)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    const content = bytes.slice(0, filled)
    bytes.fill(0)
    if (filled <= SECRET_BYTES_MAX) return content
    throw new KeyError('WRONG_KEY', `${file} in ${variable} has more than ${SECRET_BYTES_MAX} bytes`, {
      hint: 'Name the file that holds the password or key, and nothing else.',
    })
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined || error instanceof KeyError) throw error
    throw new UsageError('BAD_ARGUMENT', `${file}, named by ${variable}, cannot be read (${errno})`, {
      context: { file, errno },
      cause: error,
      hint: 'Check its path and permissions.',
    })
  }
}

function nothingGiven(what: string): UsageError {
  return new UsageError('BAD_ARGUMENT', `there is no password for ${what}, and no terminal to ask on`, {
    hint: 'Set TIDEMARK_PASSWORD_FILE, TIDEMARK_PASSWORD_COMMAND or TIDEMARK_PASSWORD.',
  })
}
