import { expect, test } from 'vitest'

import { wordThatIsNotUtf8 } from '../../src/cli/not-utf8.ts'

const asNodeGivesIt = (line: Buffer): string[] => line.toString('utf8').split('\0').slice(0, -1)

test('a word whose bytes are not UTF-8 is found, and shown as it can be typed', () => {
  const line = Buffer.from('node\0cat\0latest:/caf\xe9\0/n\xff\0', 'latin1')
  expect(wordThatIsNotUtf8(asNodeGivesIt(line), () => line)).toBe('latest:/caf\\xe9')
})

test('a name may hold the character that stands for such bytes, and others cost no look at them', () => {
  const line = Buffer.from('node\0cat\0latest:/\ufffd\0')
  expect(wordThatIsNotUtf8(asNodeGivesIt(line), () => line)).toBe(undefined)
  const never = (): Buffer => expect.unreachable()
  expect(wordThatIsNotUtf8(['cat', 'latest:/café'], never)).toBe(undefined)
})
