import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { utf8 } from '../../src/base/bytes.ts'
import { UsageError } from '../../src/base/errors.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import { configuredPassword, type ConfiguredSecret, credentialsOf } from '../../src/cli/configured-secrets.ts'
import { variableTaker } from '../../src/cli/environment.ts'
import { contextOfOther } from '../../src/cli/other-repository.ts'
import { newPassword, openingSecret, type SecretContext } from '../../src/cli/secrets.ts'
import { TypedLine } from '../../src/cli/typed-line.ts'
import { formatRecoveryCode } from '../../src/format/recovery-code.ts'
import type { HeldKey } from '../../src/service/keys/held-key.ts'
import type { SecretKind, SecretSource } from '../../src/service/secret-source.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

interface Given {
  readonly variables?: Partial<SecretContext['variables']>
  /** What is typed at each question. */
  readonly answers?: readonly string[]
  readonly environment?: Record<string, string | undefined>
}

function contextOf({
  variables = {},
  answers,
  environment = {},
}: Given): SecretContext & { readonly warnings: string[] } {
  const left = [...(answers ?? [])]
  const warnings: string[] = []
  const none = {
    password: undefined,
    passwordFile: undefined,
    passwordCommand: undefined,
    keyFile: undefined,
    recoveryCode: undefined,
    toPassword: undefined,
    sftpPassword: undefined,
    sftpPassphrase: undefined,
    duneseaToken: undefined,
  }
  return {
    variables: { ...none, ...variables },
    interactive: answers !== undefined,
    signal: new AbortController().signal,
    takeVariable: variableTaker(environment),
    ask: async () => new Uint8Array(Buffer.from(left.shift() ?? '')),
    warn: (text) => warnings.push(text),
    warnings,
  }
}

const NO_LIMITS = { upload: undefined, download: undefined }

const textOf = (secret: { readonly bytes: Uint8Array }): string => Buffer.from(secret.bytes).toString('utf8')

function fileWith(content: string, mode: number): string {
  const path = join(temporaryFolder(), 'password')
  writeFileSync(path, content, { mode })
  return path
}

test('a password file loses one line end and nothing else', async () => {
  for (const [content, password] of [
    ['pass word\n', 'pass word'],
    ['pass\r\n', 'pass'],
    ['two\nlines\n\n', 'two\nlines\n'],
    [' spaces ', ' spaces '],
  ] as const) {
    const context = contextOf({ variables: { passwordFile: fileWith(content, 0o600) } })
    expect(textOf(await openingSecret(context, '/srv'))).toBe(password)
    expect(context.warnings).toEqual([])
  }
})

test('a password file that others can read is used with a warning', async () => {
  const context = contextOf({ variables: { passwordFile: fileWith('x', 0o644) } })
  await openingSecret(context, '/srv')
  expect(context.warnings).toHaveLength(1)
})

test('whoever can be asked nothing is told what says the password, and not to unlock while unlocking', async () => {
  const hintOf = async (context: SecretContext): Promise<unknown> =>
    openingSecret(context, '/srv').catch((error: unknown) => (error instanceof UsageError ? error.hint : error))
  expect(await hintOf(contextOf({}))).toMatch(/Set TIDEMARK_PASSWORD_FILE, .*, or `tidemark unlock` a daemon\.$/)
  expect(await hintOf({ ...contextOf({}), isUnlocking: true })).toMatch(/Set .* or TIDEMARK_PASSWORD\.$/)
})

test('a command prints the password; when it fails, nothing that it printed is shown', async () => {
  const good = contextOf({ variables: { passwordCommand: 'printf "top secret\\n"' } })
  expect(textOf(await openingSecret(good, '/srv'))).toBe('top secret')
  const bad = contextOf({ variables: { passwordCommand: 'echo hunter2; exit 3' } })
  const error: unknown = await openingSecret(bad, '/srv').catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: 'COMMAND_FAILED' })
  expect(String(error)).toContain('exit code 3')
  expect(String(error)).not.toContain('hunter2')
})

test('a command that prints without end is stopped', async () => {
  const context = contextOf({ variables: { passwordCommand: 'yes' } })
  await expect(openingSecret(context, '/srv')).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
})

test('the recovery code and the key file come before the password', async () => {
  const code = formatRecoveryCode(new Uint8Array(20).fill(7))
  const recovery = contextOf({ variables: { recoveryCode: code.toLowerCase(), password: 'x' } })
  expect(await openingSecret(recovery, '/srv')).toMatchObject({ kind: 'recovery-code' })
  const wrong = contextOf({ variables: { keyFile: fileWith('no key', 0o600), password: 'x' } })
  await expect(openingSecret(wrong, '/srv')).rejects.toMatchObject({ code: 'WRONG_KEY' })
})

test('the configuration says how the password is come by where the environment does not', async () => {
  const environment = { NAS: 'from env' }
  const sources: [ConfiguredSecret['source'], string][] = [
    [{ from: 'env', name: 'NAS' }, 'from env'],
    [{ from: 'file', path: fileWith('from file\n', 0o600) }, 'from file'],
    [{ from: 'command', command: 'echo from command' }, 'from command'],
  ]
  for (const [source, password] of sources) {
    const configured = { source, key: 'repositories.nas.password' }
    expect(textOf(await openingSecret(contextOf({ environment: { ...environment } }), '/srv', configured))).toBe(
      password,
    )
    const given = contextOf({ environment: { ...environment }, variables: { password: 'given' } })
    expect(textOf(await openingSecret(given, '/srv', configured))).toBe('given')
  }
})

test('a variable that the configuration names is taken out of the environment, and known from then on', async () => {
  const environment: Record<string, string> = { NAS: 'secret', OTHER: 'x' }
  const context = contextOf({ environment })
  const configured = { source: { from: 'env', name: 'NAS' }, key: 'repositories.nas.password' } as const
  for (let time = 0; time < 2; time++) {
    expect(textOf(await openingSecret(context, '/srv', configured))).toBe('secret')
  }
  expect(environment).toEqual({ OTHER: 'x' })
  const missing = { ...configured, source: { from: 'env', name: 'NOT_SET' } } as const
  await expect(openingSecret(context, '/srv', missing)).rejects.toThrow(
    /NOT_SET, which repositories\.nas\.password names/,
  )
})

describe('another repository than the one that is named', () => {
  const source = { from: 'command', command: 'echo configured' } as const
  const secrets = new Map<SecretKind, SecretSource>([['password', source]])
  const configured = { name: 'other', url: '/other', driver: undefined, limits: NO_LIMITS, secrets }
  const unknown = { name: undefined, url: '/other', configured: undefined }
  const known = { name: 'other', url: '/other', configured }
  const handedOver = async () => ({ kind: 'password', bytes: utf8('handed over') }) as const

  test.each([
    ['what is said of it', known, { password: 'said' }, 'said'],
    ['what the configuration says of it', known, {}, 'configured'],
    ['what opens the first one', unknown, {}, 'handed over'],
  ])('is opened with %s', async (_, place, said, password) => {
    const first = { ...contextOf({ variables: { recoveryCode: 'of the first' } }), inherited: handedOver }
    const { secrets: context } = contextOfOther({ secrets: first }, place, said)
    expect(textOf(await openingSecret(context, place.url, configuredPassword(place)))).toBe(password)
  })
})

test('the same password typed on different keyboards is the same', async () => {
  const [composed, decomposed] = await Promise.all(
    ['caf\u00e9', 'cafe\u0301'].map((password) => openingSecret(contextOf({ variables: { password } }), '/srv')),
  )
  expect(composed).toEqual(decomposed)
})

test('a new password is asked for twice', async () => {
  const ask = { purpose: '/srv', useEnvironment: true }
  expect(textOf(await newPassword(contextOf({ answers: ['good', 'good'] }), ask))).toBe('good')
  await expect(newPassword(contextOf({ answers: ['good', 'goof'] }), ask)).rejects.toThrow(/differ/)
  await expect(newPassword(contextOf({ answers: ['', ''] }), ask)).rejects.toThrow(/empty/)
})

test('without a password and a terminal the user is told how to give one', async () => {
  await expect(openingSecret(contextOf({}), '/srv')).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
    hint: expect.stringContaining('TIDEMARK_PASSWORD_FILE') as string,
  })
})

test('a missing password file is told by name', async () => {
  const context = contextOf({ variables: { passwordFile: '/nowhere/password' } })
  await expect(openingSecret(context, '/srv')).rejects.toThrow('/nowhere/password')
})

test('typing can be corrected by character and by line, and given up', () => {
  const typed = (keys: string): [string, string] => {
    const line = new TypedLine()
    const outcome = line.type(Buffer.from(keys))
    return [outcome, Buffer.from(line.take()).toString('utf8')]
  }
  expect(typed('abc\r')).toEqual(['entered', 'abc'])
  expect(typed('aü\u007fb\n')).toEqual(['entered', 'ab'])
  expect(typed('wrong\u0015right\r')).toEqual(['entered', 'right'])
  expect(typed('ab\u0003')).toEqual(['interrupted', 'ab'])
  expect(typed('\u0004')).toEqual(['ended', ''])
  expect(typed('\u001b[A')).toEqual(['more', ''])
  expect(typed('\u007f\u007fx\r')).toEqual(['entered', 'x'])
})

test('a credential that is sealed with the password comes from an unlocked daemon, which has no password', async () => {
  const sealed = { from: 'sealed', sealed: new Uint8Array(8) } as const
  const secrets = new Map<SecretKind, SecretSource>([['token', sealed]])
  const configured = {
    name: 'cloud',
    url: 'x',
    driver: undefined,
    limits: { upload: undefined, download: undefined },
    secrets,
  }
  const place = { name: 'cloud', url: 'x', configured }
  const held = (token: string): HeldKey => {
    const credentials = new Map(token === '' ? [] : [['token', utf8(token)] as const])
    return { kind: 'derived', slot: 'ab'.repeat(32) as ObjectId, bytes: new Uint8Array(32), credentials }
  }
  const given = held('a token')
  const read = await credentialsOf(contextOf({}), place, async () => given)
  expect(await read('token')).toBe('a token')
  expect(given.credentials.get('token')).toEqual(new Uint8Array(7))
  // It was sealed after the repository was unlocked.
  await expect(credentialsOf(contextOf({}), place, async () => held(''))).rejects.toMatchObject({ code: 'WRONG_KEY' })
})
