import { describe, expect, test } from 'vitest'

import { isLoopback, parseListenAddress } from '../../src/cli/listen-address.ts'

describe('the address of a server', () => {
  test.each([
    ['8420', '127.0.0.1', 8420],
    [':8420', '::', 8420],
    ['0.0.0.0:80', '0.0.0.0', 80],
    ['backup.example:443', 'backup.example', 443],
    ['[::1]:0', '::1', 0],
  ])('%s is %s, %i', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ host, port })
  })

  test.each(['', 'nowhere', 'host:', '::1:80', '[::1]', 'host:65536', 'host:80:90', 'a b:80', '-1'])(
    '"%s" is none',
    (text) => {
      expect(() => parseListenAddress(text)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }))
    },
  )

  test.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['::1', true],
    ['localhost', true],
    ['::', false],
    ['0.0.0.0', false],
    ['127.0.0.1.example', false],
  ])('%s is for this machine alone: %s', (host, isIt) => {
    expect(isLoopback(host)).toBe(isIt)
  })
})
