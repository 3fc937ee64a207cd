import { describe, expect, test } from 'vitest'
import { decodeList, encodeList, LIST_IDS_MAX } from '../../src/format/list-codec.ts'

describe('the list codec', () => {
  test.each([1, 2, LIST_IDS_MAX])('takes %d ids', (count) => {
    const ids = new Uint8Array(32 * count).fill(5)
    expect(decodeList(encodeList(ids))).toBe(ids)
  })

  test.each([
    ['nothing', 0],
    ['part of an id', 31],
    ['an id and a byte', 33],
    ['more ids than fit a blob', 32 * (LIST_IDS_MAX + 1)],
  ])('refuses %s', (_, length) => {
    expect(() => decodeList(new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
    expect(() => encodeList(new Uint8Array(length))).toThrow('whole blob ids')
  })
})
