import { Writable } from 'node:stream'

import { expect, test } from 'vitest'

import { sendTogether } from '../../../drivers/sftp/send-together.ts'

/** A stream that tells what it was given at a time. */
function listening(): { readonly stream: Writable; readonly sent: string[] } {
  const sent: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write: (piece: string, _encoding, done) => {
      sent.push(piece)
      done()
    },
    writev: (pieces, done) => {
      sent.push(pieces.map(({ chunk }) => String(chunk)).join('+'))
      done()
    },
  })
  return { stream: sendTogether(stream), sent }
}

test('what is written in one go is sent in one piece, and each go by itself', async () => {
  const { stream, sent } = listening()
  for (const piece of ['length', 'packet', 'tag']) stream.write(piece)
  await new Promise(setImmediate)
  expect(sent).toEqual(['length+packet+tag'])
  stream.write('alone')
  await new Promise(setImmediate)
  expect(sent).toEqual(['length+packet+tag', 'alone'])
})

test('what was written before the end is sent before it, and each writer is told', async () => {
  const { stream, sent } = listening()
  const told: string[] = []
  stream.write('first', () => told.push('first'))
  stream.write('last', () => told.push('last'))
  await new Promise<void>((resolve) => stream.end(resolve))
  expect(sent).toEqual(['first+last'])
  expect(told).toEqual(['first', 'last'])
})
