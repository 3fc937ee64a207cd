import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { argon2id, checkKdfParameters, KDF_DEFAULT } from '../../src/crypto/kdf.ts'

const SMALL = { memoryKib: 8 << 10, passes: 1, lanes: 1 }

describe('Argon2id', () => {
  it('agrees with the reference implementation', async () => {
    // `argon2 somesalt -id -t 2 -m 16 -p 1 -l 32`, from the reference's test.c
    const input = { password: utf8('password'), salt: utf8('somesalt') }
    const key = await argon2id(input, { memoryKib: 65_536, passes: 2, lanes: 1 })
    expect(toHex(key)).toBe('09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7')
  })

  it('takes its own copy, so that the caller may wipe the password at once', async () => {
    const salt = new Uint8Array(16)
    const password = utf8('correct horse')
    const first = argon2id({ password, salt }, SMALL)
    password.fill(0)
    expect(await first).toEqual(await argon2id({ password: utf8('correct horse'), salt }, SMALL))
  })

  it.each([
    { ...KDF_DEFAULT, memoryKib: (8 << 10) - 1 },
    { ...KDF_DEFAULT, memoryKib: (4 << 20) + 1 },
    { ...KDF_DEFAULT, passes: 0 },
    { ...KDF_DEFAULT, passes: 21 },
    { ...KDF_DEFAULT, lanes: 0 },
    { ...KDF_DEFAULT, lanes: 17 },
    { ...KDF_DEFAULT, memoryKib: 65536.5 },
  ])('refuses $memoryKib KiB, $passes passes, $lanes lanes before it computes', (parameters) => {
    expect(() => checkKdfParameters(parameters)).toThrow(expect.objectContaining({ code: 'KDF_BOUNDS' }))
  })
})
