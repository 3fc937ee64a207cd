import ssh2, { type AnyAuthMethod, type AuthHandlerMiddleware } from 'ssh2'

import { StorageError } from '../../src/base/errors.ts'
import type { SshSecrets, SshServer } from './ssh-server.ts'

/**
 * Returns what tries, in this order and as far as the server takes it: the agent's keys, the key files (or these first), the password.
 *
 * Passphrase and password are asked for only when it is their turn. `onProblem` is told why a key file was passed over.
 */
export function authentication(
  server: SshServer,
  secrets: SshSecrets,
  onProblem: (problem: StorageError) => void,
): AuthHandlerMiddleware {
  const attempts = attemptsFor(server, secrets, onProblem)
  return (methodsLeft: readonly string[] | null, _partial, callback) => {
    const next = async (): Promise<void> => {
      for (;;) {
        const { value } = await attempts.next()
        if (value === undefined) return callback(false as never)
        // What the server does not offer is not even asked for.
        if (methodsLeft === null || methodsLeft.includes(methodName(value))) return callback(value)
      }
    }
    next().catch((error: unknown) => {
      onProblem(failed(server, error))
      callback(false as never)
    })
  }
}

/** The protocol knows an agent's keys as public keys. */
function methodName({ type }: AnyAuthMethod): string {
  return type === 'agent' ? 'publickey' : type
}

async function* attemptsFor(
  server: SshServer,
  secrets: SshSecrets,
  onProblem: (problem: StorageError) => void,
): AsyncGenerator<AnyAuthMethod, undefined> {
  const { user: username, agent, keys, keysFirst, name } = server
  const [first] = keys
  // The answer to it names the methods that the server takes. A key that opens unasked is shown at once: usually it is taken, and
  // the answer to one that is not says the same.
  const isKeyFirst = keysFirst || agent === undefined
  if (!isKeyFirst || first === undefined || ssh2.utils.parseKey(first.bytes) instanceof Error) {
    yield { type: 'none', username }
  }
  if (agent !== undefined && !keysFirst) yield { type: 'agent', username, agent }
  for (const { path, bytes } of keys) {
    const key = await openKey({ path, bytes }, secrets)
    if (key instanceof Error) onProblem(unusableKey(path, key))
    else yield { type: 'publickey', username, key }
  }
  if (agent !== undefined && keysFirst) yield { type: 'agent', username, agent }
  let asked: string | undefined
  const password = async (): Promise<string | undefined> => (asked ??= await secrets.password(`${username}@${name}`))
  const given = await password()
  if (given === undefined) return undefined
  yield { type: 'password', username, password: given }
  yield {
    type: 'keyboard-interactive',
    username,
    // A server that asks for more than a password cannot be answered unattended.
    prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => given)),
  }
  return undefined
}

async function openKey(
  { path, bytes }: { path: string; bytes: Buffer },
  secrets: SshSecrets,
): Promise<ssh2.ParsedKey | Error> {
  const parsed = ssh2.utils.parseKey(bytes)
  if (!(parsed instanceof Error) || !/passphrase|encrypted/i.test(parsed.message)) return parsed
  const passphrase = await secrets.passphrase(path)
  return passphrase === undefined ? parsed : ssh2.utils.parseKey(bytes, passphrase)
}

function unusableKey(path: string, cause: Error): StorageError {
  return new StorageError('STORE_DENIED', `the SSH key ${path} was not used: ${cause.message}`, {
    cause,
    context: { path },
    hint: 'Give its passphrase in TIDEMARK_SFTP_PASSPHRASE, or add the key to your SSH agent.',
  })
}

function failed(server: SshServer, cause: unknown): StorageError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new StorageError('STORE_DENIED', `${server.user} could not log in to ${server.name}: ${message}`, { cause })
}
