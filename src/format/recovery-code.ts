import { createHash } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { KeyError } from '../base/errors.ts'

/** Random bytes behind a recovery code: 160 bits. */
export const RECOVERY_CODE_BYTES = 20

// Crockford's base32: no I, L, O and U, which are misread or misspoken.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const CODE_SYMBOLS = 32
const CHECK_SYMBOLS = 4
const GROUP_SYMBOLS = 4
const CHECK_CONTEXT = 'tidemark v1 recovery code check'

function symbolsOf(bytes: Uint8Array, count: number): string {
  let symbols = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5 && symbols.length < count) {
      bits -= 5
      symbols += ALPHABET.charAt((held >> bits) & 31)
    }
    held &= (1 << bits) - 1
  }
  return symbols
}

function checkOf(code: Uint8Array): string {
  return symbolsOf(createHash('sha256').update(CHECK_CONTEXT).update(code).digest(), CHECK_SYMBOLS)
}

/** Returns the printable form of 20 bytes: nine groups of four symbols; the last is a checksum. */
export function formatRecoveryCode(code: Uint8Array): string {
  assert(code.byteLength === RECOVERY_CODE_BYTES, 'a recovery code has 20 bytes')
  const symbols = symbolsOf(code, CODE_SYMBOLS) + checkOf(code)
  return (symbols.match(/.{4}/g) ?? []).join('-')
}

/**
 * Returns the 20 bytes of a recovery code as somebody typed it: case, spaces and dashes do not matter, O is 0, I and L
 * are 1. The caller wipes them.
 * @throws {KeyError} BAD_RECOVERY_CODE; the message never repeats the code.
 */
export function parseRecoveryCode(text: string): Uint8Array {
  // Whitespace and every kind of dash that a word processor makes of one.
  const symbols = text
    .toUpperCase()
    .replace(/[\s\-\u2010-\u2015\u2212]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1')
  const total = CODE_SYMBOLS + CHECK_SYMBOLS
  if (symbols.length !== total) throw badCode(`it has ${symbols.length} symbols instead of ${total}`)
  const code = new Uint8Array(RECOVERY_CODE_BYTES)
  let bits = 0
  let held = 0
  let filled = 0
  for (let i = 0; i < CODE_SYMBOLS; i++) {
    const value = ALPHABET.indexOf(symbols.charAt(i))
    if (value < 0) throw badCode(`group ${groupOf(i)} holds a symbol that no recovery code has`)
    held = (held << 5) | value
    bits += 5
    if (bits < 8) continue
    bits -= 8
    code[filled++] = held >> bits
    held &= (1 << bits) - 1
  }
  if (checkOf(code) === symbols.slice(CODE_SYMBOLS)) return code
  code.fill(0)
  throw badCode('its checksum does not fit, so at least one symbol is not as it was printed')
}

function groupOf(symbol: number): number {
  return Math.floor(symbol / GROUP_SYMBOLS) + 1
}

function badCode(problem: string): KeyError {
  return new KeyError('BAD_RECOVERY_CODE', `the recovery code cannot be right: ${problem}`, {
    hint: 'Compare it with the printed one: nine groups of four letters and digits.',
  })
}
