import { fc } from '../support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { formatRecoveryCode, parseRecoveryCode } from '../../src/format/recovery-code.ts'
import { propertyOptions } from './strict-decoder.ts'

const code = fc.uint8Array({ minLength: 20, maxLength: 20 })
const badCode = expect.objectContaining({ code: 'BAD_RECOVERY_CODE' }) as Error

describe('a recovery code', () => {
  it('is nine groups of four symbols and gives its bytes back', () => {
    fc.assert(
      fc.property(code, (bytes) => {
        const text = formatRecoveryCode(bytes)
        expect(text).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}$/)
        expect(parseRecoveryCode(text)).toEqual(bytes)
      }),
      propertyOptions({ runs: 200 }),
    )
  })

  it('forgives case, spaces, missing dashes and the letters that look like digits', () => {
    fc.assert(
      fc.property(code, (bytes) => {
        const text = formatRecoveryCode(bytes)
        const typed = text.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'I').replaceAll('-', ' \n')
        expect(parseRecoveryCode(`  ${typed} `)).toEqual(bytes)
        expect(parseRecoveryCode(text.replaceAll('-', '').replaceAll('1', 'l'))).toEqual(bytes)
        expect(parseRecoveryCode(text.replaceAll('-', '\u2013'))).toEqual(bytes)
      }),
      propertyOptions({ runs: 100 }),
    )
  })

  it('notices every single wrong symbol of a code', () => {
    const text = formatRecoveryCode(Uint8Array.from({ length: 20 }, (_, i) => i * 11))
    for (let i = 0; i < text.length; i++) {
      if (text[i] === '-') continue
      const wrong = text[i] === 'Z' ? 'Y' : 'Z'
      expect(() => parseRecoveryCode(text.slice(0, i) + wrong + text.slice(i + 1))).toThrow(badCode)
    }
  })

  it('is refused without being repeated in the error', () => {
    const text = formatRecoveryCode(new Uint8Array(20).fill(0x5a))
    const broken = `${text.slice(0, -1)}${text.endsWith('7') ? '8' : '7'}`
    let message = ''
    try {
      parseRecoveryCode(broken)
    } catch (error) {
      message = String(error)
    }
    expect(message).toContain('checksum')
    expect(message).not.toContain(text.slice(0, 9))
  })

  it('is refused when anything else was typed', () => {
    for (const text of ['', 'correct horse', '0'.repeat(37), 'U'.repeat(36), '\u{1f600}'.repeat(18)]) {
      expect(() => parseRecoveryCode(text)).toThrow(badCode)
    }
  })
})
