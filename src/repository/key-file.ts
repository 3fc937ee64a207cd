import { createHash } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { equalBytes, fromHex, toHex, utf8 } from '../base/bytes.ts'
import { KeyError } from '../base/errors.ts'
import { type RepositoryId, REPOSITORY_ID_BYTES } from '../base/ids.ts'

export const KEY_FILE_KEY_BYTES = 32
const KEY_FILE_BYTES_MAX = 4096
const HEADER = 'tidemark key file 1'
const CHECK_BYTES = 8

export interface KeyFile {
  /** The repository that it was made for, so that people can tell their key files apart. */
  readonly repository: RepositoryId
  /** 32 bytes; the holder wipes them. */
  readonly key: Uint8Array
}

function checkOf(lines: string): Uint8Array {
  return createHash('sha256').update(lines).digest().subarray(0, CHECK_BYTES)
}

/** Returns the text of a key file, UTF-8; it is secret. */
export function encodeKeyFile(file: KeyFile): Uint8Array {
  assert(file.key.byteLength === KEY_FILE_KEY_BYTES, "a key file's key has 32 bytes")
  const lines = `${HEADER}\nrepository ${file.repository}\nkey ${toHex(file.key)}\n`
  return utf8(`${lines}check ${toHex(checkOf(lines))}\n`)
}

/**
 * Returns what a key file holds; line ends may have become CR LF on the way.
 * @throws {KeyError} WRONG_KEY: it is no key file, or a damaged one.
 */
export function decodeKeyFile(bytes: Uint8Array): KeyFile {
  if (bytes.byteLength > KEY_FILE_BYTES_MAX) throw notKeyFile('it is too large')
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').replaceAll('\r\n', '\n')
  if (!text.startsWith(`${HEADER}\n`)) throw notKeyFile('its first line is another')
  const match = /^[^\n]+\nrepository ([0-9a-f]+)\nkey ([0-9a-f]+)\ncheck ([0-9a-f]+)\s*$/.exec(text)
  if (match === null) throw notKeyFile('its lines are others')
  const [, repository = '', keyHex = '', check = ''] = match
  const lines = `${HEADER}\nrepository ${repository}\nkey ${keyHex}\n`
  if (!equalBytes(fromHex(check) ?? new Uint8Array(), checkOf(lines))) throw notKeyFile('its checksum does not fit')
  const key = fromHex(keyHex)
  if (key?.byteLength !== KEY_FILE_KEY_BYTES || repository.length !== 2 * REPOSITORY_ID_BYTES) {
    throw notKeyFile('its fields have other lengths')
  }
  return { repository: repository as RepositoryId, key }
}

function notKeyFile(problem: string): KeyError {
  return new KeyError('WRONG_KEY', `this is no usable key file: ${problem}`, {
    hint: 'Use the file that `tidemark key export` wrote, or a copy of it that nothing changed.',
  })
}
