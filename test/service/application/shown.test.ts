import { expect, test } from 'vitest'

import { type ByteString, byteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { RateMeter } from '../../../src/service/application/rate-meter.ts'
import { shownBytes, shownText } from '../../../src/service/application/shown-text.ts'
import { decodeHandedSecret, encodeHandedSecret } from '../../../src/service/handed-secret.ts'
import type { JobId } from '../../../src/service/jobs/job.ts'
import { decodeSelection, encodeSelection } from '../../../src/service/restore-selection.ts'

test('shown text moves no cursor, turns no direction and has an end', () => {
  expect(shownBytes(byteStringOf('naïve 日本.txt'))).toBe('naïve 日本.txt')
  expect(shownBytes(byteString(Buffer.from('a\u001b]0;title\u0007\r\nb\u009b2J')))).toBe(
    'a\\x1b]0;title\\x07\\x0d\\x0ab\\x9b2J',
  )
  expect(shownBytes(byteStringOf('invoice\u202egpj.exe\u2066\ufeff'))).toBe('invoice\\u202egpj.exe\\u2066\\ufeff')
  expect(shownBytes(byteString(Uint8Array.of(0x66, 0xff)))).toBe('f\\xff')
  expect(shownText('x'.repeat(100_000))).toHaveLength(4096)
  expect(shownText('lone \ud800')).toBe('lone \ufffd')
})

test('a rate is of the last seconds, and begins anew with a step that counts anew', () => {
  const meter = new RateMeter()
  const job = 1 as JobId
  const at = (atMs: number, bytesDone: number): number => {
    return meter.of(job, {
      ...{ step: 'backup', bytesTotal: undefined, itemsDone: 0 },
      ...{ itemsTotal: undefined, path: undefined },
      atMs,
      bytesDone,
    })
  }
  expect(at(0, 0)).toBe(0)
  expect(at(1000, 1000)).toBe(1000)
  expect([2000, 3000, 4000].map((ms) => at(ms, 1000))).toEqual([500, 1000 / 3, 250])
  expect(at(5000, 10)).toBe(0)
})

test('what comes to the store a pack at a time has the rate of the whole time that one takes', () => {
  const meter = new RateMeter()
  const at = (atMs: number, bytesDone: number): number => {
    const counts = { itemsDone: 0, itemsTotal: undefined, bytesTotal: 64_000 }
    return meter.of(2 as JobId, { step: 'storing', path: undefined, ...counts, atMs, bytesDone })
  }
  for (let second = 0; second < 16; second++) expect(at(second * 1000, 0)).toBe(0)
  expect(at(16_000, 16_000)).toBe(1000)
  expect(at(20_000, 16_000)).toBe(800)
  expect(at(32_000, 32_000)).toBe(1000)
})

test('a secret comes out of a pipe as it was put in, and nothing else passes for one', () => {
  const secret = { kind: 'password', bytes: new Uint8Array(Buffer.from('two\nlines\u0000')) } as const
  expect(decodeHandedSecret(encodeHandedSecret(secret))).toEqual(secret)
  for (const text of ['', 'password', 'password\n', 'nothing\nx', '\nx']) {
    expect(() => decodeHandedSecret(Buffer.from(text))).toThrow(/no secret/)
  }
})

test('a selection is read as it was written, names of any bytes among it', () => {
  const selection = {
    selections: [
      { path: byteString(Uint8Array.of(0x2f, 0xff, 0x0a)), overwrite: 'always' as const },
      { path: '/' as ByteString, overwrite: 'never' as const },
    ],
    without: [byteStringOf('/ä')],
  }
  expect(decodeSelection(encodeSelection(selection))).toEqual(selection)
})
