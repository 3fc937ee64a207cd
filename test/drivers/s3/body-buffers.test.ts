import { expect, test } from 'vitest'

import { BodyBuffers } from '../../../drivers/s3/body-buffers.ts'
import { concatBytes } from '../../../src/base/bytes.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'

const bodyOf = (bytes: number, seed: number): Uint8Array[] => {
  const whole = patternBytes(bytes, seed)
  return [whole.subarray(0, 1000), whole.subarray(1000)]
}

test('bodies that are being sent share no memory; what was given back serves the next that fits', () => {
  const buffers = new BodyBuffers()
  const [first, second] = [bodyOf(2 << 20, 1), bodyOf(3 << 20, 2)]
  const [one, two] = [buffers.join(first), buffers.join(second)]
  expect(Buffer.compare(one, concatBytes(...first))).toBe(0)
  expect(Buffer.compare(two, concatBytes(...second))).toBe(0)
  expect(one.buffer).not.toBe(two.buffer)
  buffers.giveBack(one)
  const third = bodyOf(5 << 20, 3)
  const three = buffers.join(third)
  expect(Buffer.compare(three, concatBytes(...third))).toBe(0)
  expect(three.buffer).toBe(one.buffer)
  expect(Buffer.compare(two, concatBytes(...second))).toBe(0)
  buffers.giveBack(two)
  expect(buffers.join(bodyOf(20 << 20, 4)).buffer).not.toBe(two.buffer)
})

test('memory for what is larger than a pack is not kept', () => {
  const buffers = new BodyBuffers()
  const large = buffers.join(bodyOf(25 << 20, 1))
  buffers.giveBack(large)
  expect(buffers.join(bodyOf(2 << 20, 2)).buffer).not.toBe(large.buffer)
})

test('small bodies have memory of their own', () => {
  const buffers = new BodyBuffers()
  const small = buffers.join(bodyOf(4000, 1))
  expect(small.buffer.byteLength).toBe(4000)
  buffers.giveBack(small)
  expect(buffers.join(bodyOf(4000, 1)).buffer).not.toBe(small.buffer)
})
