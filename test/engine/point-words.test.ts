import { expect, test } from 'vitest'

import { checkDescription, checkTags } from '../../src/engine/point-words.ts'

test('tags that a record cannot hold are refused before anything is read, and doubled ones are one', () => {
  expect(checkTags(['a', 'b', 'a'])).toEqual(['a', 'b'])
  expect(checkTags(['x'.repeat(255)])).toHaveLength(1)
  for (const tags of [[''], ['é'.repeat(128)], Array.from({ length: 1001 }, (_, index) => `t${index}`)]) {
    expect(() => checkTags(tags)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }))
  }
})

test('a description that a record cannot hold is refused', () => {
  expect(checkDescription('x'.repeat(65_536))).toHaveLength(65_536)
  expect(() => checkDescription('x'.repeat(65_537))).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }))
})
