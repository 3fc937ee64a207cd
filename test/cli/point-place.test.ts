import { expect, test } from 'vitest'

import { byteString, byteStringOf } from '../../src/base/byte-string.ts'
import { jsonPath } from '../../src/base/json-path.ts'
import { parsePointPlace } from '../../src/cli/point-place.ts'

test('POINT:/PATH splits at the first ":/"', () => {
  expect(parsePointPlace('latest')).toEqual({ point: 'latest', path: '/', hasPath: false })
  expect(parsePointPlace('latest:/etc/hosts')).toEqual({ point: 'latest', path: '/etc/hosts', hasPath: true })
  expect(parsePointPlace('2026-11-21 08:04:/a:/b')).toMatchObject({ point: '2026-11-21 08:04', path: '/a:/b' })
  expect(parsePointPlace('2026-11-21T08:04:59')).toMatchObject({ point: '2026-11-21T08:04:59', hasPath: false })
})

test('paths lose what means nothing, and cannot go upwards', () => {
  expect(parsePointPlace('latest://a/./b/').path).toBe('/a/b')
  expect(parsePointPlace('latest:/').path).toBe('/')
  expect(() => parsePointPlace('latest:/a/../b')).toThrow(/upwards/)
  expect(() => parsePointPlace(':/a')).toThrow(/no point/)
})

test('a path that does not begin with a slash is told as such', () => {
  for (const text of ['latest:notes', 'latest~2:', 'abcd1234:a:/b']) {
    expect(() => parsePointPlace(text)).toThrow(/does not begin with a slash/)
  }
  expect(parsePointPlace('2026-11-21 08:04')).toMatchObject({ point: '2026-11-21 08:04' })
})

test('a path that was shown with escapes can be typed as it was shown', () => {
  expect(parsePointPlace('latest:/caf\\xe9').path).toBe(byteString(Buffer.from('/caf\xe9', 'latin1')))
  expect(parsePointPlace('latest:/a\\x41').path).toBe(byteStringOf('/a\\x41'))
})

test('JSON carries the bytes of a path only where its text is not exactly them', () => {
  expect(jsonPath(byteStringOf('/naïve'))).toEqual({ path: '/naïve' })
  expect(jsonPath(byteStringOf('/back\\slash'))).toEqual({ path: '/back\\slash' })
  const broken = Buffer.from([0x2f, 0xff, 0x41])
  expect(jsonPath(byteString(broken))).toEqual({ path: '/\\xffA', pathBytes: broken.toString('base64') })
  expect(jsonPath(byteStringOf('/a\nb'))).toEqual({
    path: '/a\\x0ab',
    pathBytes: Buffer.from('/a\nb').toString('base64'),
  })
})
