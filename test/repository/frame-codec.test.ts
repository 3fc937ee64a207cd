import { expect, test } from 'vitest'
import { fc } from '../support/fast-check.ts'
import { decodeFrame, type SealedFrame } from '../../src/repository/frame-codec.ts'
import { FrameSealer } from '../../src/repository/frame-sealer.ts'
import { seal } from '../../src/crypto/aead.ts'
import { frameAad, frameNonce } from '../../src/format/frame.ts'
import { expectStrictDecoder, mutated, propertyOptions } from '../format/strict-decoder.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

const key = new Uint8Array(32).fill(3)
const repositoryIdBytes = new Uint8Array(16).fill(4)

function sealRaw(raw: Uint8Array, number = 7): SealedFrame {
  const sealer = new FrameSealer(repositoryIdBytes, Math.max(raw.byteLength, 1))
  const plain = sealer.encode(raw)
  const sealed = new Uint8Array(plain.byteLength + 16)
  sealer.seal(sealed, plain, raw, { key, number, kind: 'data' })
  return { key, repositoryIdBytes, number, sealed, rawBytes: raw.byteLength, pack: 'aa' }
}

/** Seals a plaintext that no honest writer makes. */
function sealPlain(plain: Uint8Array, rawBytes: number): SealedFrame {
  const nonce = new Uint8Array(12)
  const associatedData = new Uint8Array(21)
  frameNonce(nonce, 7)
  frameAad(associatedData, { repository: repositoryIdBytes, kind: 'data', number: 7 })
  const sealed = new Uint8Array(plain.byteLength + 16)
  seal(sealed, plain, { key, nonce, associatedData })
  return { key, repositoryIdBytes, number: 7, sealed, rawBytes, pack: 'aa' }
}

test.each([
  ['one byte', new Uint8Array(1)],
  ['a few bytes', new Uint8Array(40)],
  ['what compresses', new Uint8Array(1 << 20)],
  ['what does not', patternBytes(1 << 20, 1)],
])('%s comes back, in shared memory too', (_, raw) => {
  const frame = sealRaw(raw)
  const shared = new Uint8Array(new SharedArrayBuffer(raw.byteLength + 100), 50)
  expect(Buffer.compare(decodeFrame(frame, shared), raw)).toBe(0)
  expect(decodeFrame(frame, new Uint8Array(raw.byteLength)).byteLength).toBe(raw.byteLength)
  // Nothing is written beyond the frame's own bytes.
  expect(shared[raw.byteLength]).toBe(0)
})

test('a frame under another number, key or repository does not open', () => {
  const frame = sealRaw(patternBytes(100, 1))
  const out = new Uint8Array(100)
  const others = [{ number: 8 }, { key: new Uint8Array(32) }, { repositoryIdBytes: new Uint8Array(16) }]
  for (const other of others) {
    expect(() => decodeFrame({ ...frame, ...other }, out)).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
  }
})

test('frames of those who hold the key but not to the format are malformed', () => {
  const bomb = sealRaw(new Uint8Array(1 << 20))
  const broken = [
    { ...bomb, rawBytes: 1000 },
    { ...bomb, rawBytes: (1 << 20) + 1 },
    sealPlain(Uint8Array.of(0, 1, 2, 3), 4),
    sealPlain(Uint8Array.of(2, 1, 2, 3), 3),
    sealPlain(Uint8Array.of(1, 1, 2, 3), 3),
    sealPlain(Uint8Array.of(1), 1),
    { ...bomb, sealed: new Uint8Array(16) },
  ]
  for (const frame of broken) {
    const decode = (): Uint8Array => decodeFrame(frame, new Uint8Array(frame.rawBytes))
    expect(decode).toThrow(expect.objectContaining({ code: 'MALFORMED', context: { pack: 'aa', frame: 7 } }))
  }
})

test('whatever whoever holds the key seals, a frame is what the index says, or malformed, and nothing beyond it is written', () => {
  const raws = [new Uint8Array(4000), patternBytes(3000, 1), Buffer.from('words and words '.repeat(90))]
  const plains = raws.map((raw) => new FrameSealer(repositoryIdBytes, raw.byteLength).encode(raw).slice())
  const hostile = fc.constantFrom(...plains).chain(mutated)
  const rawBytes = fc.oneof(fc.constantFrom(...raws.map((raw) => raw.byteLength)), fc.integer({ min: 1, max: 1 << 20 }))
  fc.assert(
    fc.property(hostile, rawBytes, (plain, bytes) => {
      const out = new Uint8Array(bytes + 1).fill(77)
      expectStrictDecoder(() => decodeFrame(sealPlain(plain, bytes), out))
      expect(out[bytes]).toBe(77)
    }),
    propertyOptions({ runs: 300 }),
  )
})
