import { isAbsolute, resolve } from 'node:path'

import { nearestWord } from '../base/nearest-word.ts'

/** Every secret that the store of a configured repository may ask for. */
export const CREDENTIAL_KINDS = [
  'token',
  's3-access-key-id',
  's3-secret-access-key',
  'sftp-password',
  'sftp-passphrase',
] as const
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]
/** The password opens what is in the store. */
export const SECRET_KINDS = ['password', ...CREDENTIAL_KINDS] as const
export type SecretKind = (typeof SECRET_KINDS)[number]

/** How a secret is come by. The configuration never holds one in clear. */
export type SecretSource =
  | { readonly from: 'env'; readonly name: string }
  /** An absolute path. */
  | { readonly from: 'file'; readonly path: string }
  /** A command of the shell, which prints it. */
  | { readonly from: 'command'; readonly command: string }
  /** As `sealSecret` made it. */
  | { readonly from: 'sealed'; readonly sealed: Uint8Array }

const SOURCES = ['env', 'file', 'command', 'sealed'] as const
/** No path, command or sealed secret is longer. */
const TEXT_LENGTH_MAX = 16_384
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

export function isSecretKind(word: string): word is SecretKind {
  return SECRET_KINDS.some((kind) => kind === word)
}

/**
 * Returns the source that `value` of the configuration says, or in words what is wrong with it. What it says is never
 * repeated: it may be the secret itself.
 *
 * @param folder that of the configuration file, which relative paths are relative to.
 */
export function decodeSecretSource(kind: SecretKind, value: unknown, folder: string): SecretSource | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `a secret must not stand here in clear; write ${waysOf(kind)}`
  }
  const [entry, ...others] = Object.entries(value as Record<string, unknown>)
  if (entry === undefined || others.length > 0) return `exactly one is expected of ${waysOf(kind)}`
  const [from, text] = entry
  if (!isSource(from)) {
    const nearest = nearestWord(from, SOURCES)
    return `${nearest === undefined ? '' : `is "${nearest}" meant? `}write ${waysOf(kind)}`
  }
  if (typeof text !== 'string' || text === '' || text.length > TEXT_LENGTH_MAX) {
    return `${from} is followed by a text of at most ${TEXT_LENGTH_MAX} characters`
  }
  return sourceOf(kind, { from, text, folder })
}

function sourceOf(
  kind: SecretKind,
  { from, text, folder }: { readonly from: (typeof SOURCES)[number]; readonly text: string; readonly folder: string },
): SecretSource | string {
  switch (from) {
    case 'env':
      return VARIABLE.test(text) ? { from, name: text } : 'env is followed by the name of a variable'
    case 'file':
      return filePath(text, folder, (path) => ({ from, path }))
    case 'command':
      return { from, command: text }
    case 'sealed':
      if (kind === 'password') return 'the password cannot be sealed with itself; write {env}, {file} or {command}'
      if (!BASE64.test(text)) return 'sealed is followed by what `tidemark repo add --seal` wrote'
      return { from, sealed: new Uint8Array(Buffer.from(text, 'base64')) }
  }
}

/** Calls `use` with the path that `text` names, or says what is wrong with it. */
export function filePath<T>(text: string, folder: string, use: (path: string) => T): T | string {
  if (text.startsWith('~')) return 'a path that begins with ~ is not expanded: write it in full'
  if (text.includes('\0')) return 'a path has no zero bytes'
  return use(isAbsolute(text) ? resolve(text) : resolve(folder, text))
}

/** Returns what stands in the configuration for a source. */
export function encodeSecretSource(source: SecretSource): Readonly<Record<string, string>> {
  switch (source.from) {
    case 'env':
      return { env: source.name }
    case 'file':
      return { file: source.path }
    case 'command':
      return { command: source.command }
    case 'sealed':
      return { sealed: Buffer.from(source.sealed).toString('base64') }
  }
}

function isSource(word: string): word is (typeof SOURCES)[number] {
  return SOURCES.some((source) => source === word)
}

function waysOf(kind: SecretKind): string {
  const ways = '{env: NAME}, {file: PATH} or {command: "…"}'
  return kind === 'password' ? ways : `${ways}, or have it sealed by \`tidemark repo add NAME URL --seal ${kind}\``
}
