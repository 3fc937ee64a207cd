import { UsageError } from '../base/errors.ts'
import { passwordOf, type SlotSecret } from '../repository/slot-key.ts'
import { commandOutput } from './command-output.ts'
import { type ConfiguredSecret, readConfiguredSecret } from './configured-secrets.ts'
import { readSecretFile, SECRET_BYTES_MAX, type SecretFile, withoutLineEnd } from '../service/secret-file.ts'
import type { SecretVariables } from './secret-variables.ts'

/** How secrets are asked for. */
export interface SecretContext {
  readonly variables: SecretVariables
  /** Returns a copy of what the process that started this one handed over: it comes before all else. */
  readonly inherited?: (() => Promise<SlotSecret>) | undefined
  /** As `inherited`, of the repository that points are copied to. */
  readonly inheritedOfOther?: (() => Promise<SlotSecret>) | undefined
  /** Whether somebody sits at a terminal. */
  readonly interactive: boolean
  /** The command unlocks a daemon: there is no other to ask. */
  readonly isUnlocking?: boolean
  readonly signal: AbortSignal
  /** Returns a variable that the configuration names for a secret, which no process started from here inherits then. */
  readonly takeVariable: (name: string) => string | undefined
  /** Asks on the terminal without echo; the answer is the caller's to wipe. */
  ask(question: string): Promise<Uint8Array>
  readonly warn: (text: string) => void
}

/** Tells whether something that stands before the configuration and an unlocked daemon says what opens repositories. */
export function isSecretGiven({ inherited, variables }: SecretContext): boolean {
  const { keyFile, password, passwordCommand, passwordFile, recoveryCode } = variables
  return [inherited, keyFile, password, passwordCommand, passwordFile, recoveryCode].some((each) => each !== undefined)
}

/**
 * Returns what opens the repository at `location`: what was handed over, or the recovery code, key file or password that the environment names,
 * in this order, else the `configured` password, or else one asked for on the terminal. The caller wipes it.
 *
 * @throws {KeyError} BAD_RECOVERY_CODE, WRONG_KEY: not in the form of one.
 * @throws {UsageError} BAD_ARGUMENT: nothing names one and there is no terminal; a file cannot be read.
 * @throws {SourceError} COMMAND_FAILED
 */
export async function openingSecret(
  context: SecretContext,
  location: string,
  configured?: ConfiguredSecret,
): Promise<SlotSecret> {
  if (context.inherited !== undefined) return context.inherited()
  const { recoveryCode, keyFile } = context.variables
  if (recoveryCode !== undefined) {
    const { parseRecoveryCode } = await import('../format/recovery-code.ts')
    return { kind: 'recovery-code', bytes: parseRecoveryCode(recoveryCode) }
  }
  if (keyFile !== undefined) {
    const { decodeKeyFile } = await import('../repository/key-file.ts')
    const text = await readSecretFile({ file: keyFile, namedBy: 'TIDEMARK_KEY_FILE' }, context.warn)
    const { key } = decodeKeyFile(text)
    text.fill(0)
    return { kind: 'key-file', bytes: key }
  }
  const given = await givenPassword(context, configured)
  if (given !== undefined) return given
  if (!context.interactive)
    throw nothingGiven(location, context.isUnlocking === true ? '' : ', or `tidemark unlock` a daemon')
  return passwordOf(await context.ask(`Password of ${location}: `))
}

/**
 * Returns the password of a new slot: the one that the environment or the configuration names, or one asked for twice.
 *
 * @throws {UsageError} BAD_ARGUMENT: it is empty, the two differ, or nobody is there to be asked.
 */
export async function newPassword(
  context: SecretContext,
  options: {
    readonly purpose: string
    readonly useEnvironment: boolean
    readonly configured?: ConfiguredSecret | undefined
    /** The password is not new, but nothing here can tell whether it was mistyped. */
    readonly isKnown?: boolean
  },
): Promise<SlotSecret> {
  const given = options.useEnvironment ? await givenPassword(context, options.configured) : undefined
  if (given !== undefined) return given
  if (!context.interactive) throw nothingGiven(options.purpose)
  const first = passwordOf(
    await context.ask(`${options.isKnown === true ? 'Password' : 'New password'} of ${options.purpose}: `),
  )
  const second = passwordOf(await context.ask('The same again: '))
  const same = Buffer.compare(first.bytes, second.bytes) === 0
  second.bytes.fill(0)
  if (same) return first
  first.bytes.fill(0)
  throw new UsageError('BAD_ARGUMENT', 'the two passwords differ', { hint: 'Run the command again.' })
}

/** Reads a password from a file that an option or a variable names. The caller wipes it. */
export async function passwordFromFile(context: SecretContext, file: SecretFile): Promise<SlotSecret> {
  return passwordOf(withoutLineEnd(await readSecretFile(file, context.warn)))
}

async function givenPassword(
  context: SecretContext,
  configured: ConfiguredSecret | undefined,
): Promise<SlotSecret | undefined> {
  const { password, passwordFile, passwordCommand } = context.variables
  if (password !== undefined) return passwordOf(new Uint8Array(Buffer.from(password, 'utf8')))
  if (passwordFile !== undefined) {
    return passwordFromFile(context, { file: passwordFile, namedBy: 'TIDEMARK_PASSWORD_FILE' })
  }
  if (passwordCommand === undefined) {
    return configured === undefined ? undefined : passwordOf(await readConfiguredSecret(context, configured))
  }
  const output = await commandOutput(passwordCommand, {
    namedBy: 'TIDEMARK_PASSWORD_COMMAND',
    bytesMax: SECRET_BYTES_MAX,
    signal: context.signal,
  })
  return passwordOf(withoutLineEnd(output))
}

/** @param other what helps beside variables. */
function nothingGiven(what: string, other = ''): UsageError {
  return new UsageError('BAD_ARGUMENT', `there is no password for ${what}, and no terminal to ask on`, {
    hint: `Set TIDEMARK_PASSWORD_FILE, TIDEMARK_PASSWORD_COMMAND or TIDEMARK_PASSWORD${other}.`,
  })
}
