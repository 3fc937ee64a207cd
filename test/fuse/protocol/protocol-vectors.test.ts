import { readFileSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Attributes, encodeAttributes } from '../../../fuse/protocol/attributes.ts'
import { encodeInit, negotiate, type InitIn } from '../../../fuse/protocol/init.ts'
import { MessageBuffer } from '../../../fuse/protocol/message-buffer.ts'
import {
  encodeInvalidEntry,
  encodeInvalidNode,
  encodeStore,
  STORE_HEADER_BYTES,
} from '../../../fuse/protocol/notifications.ts'
import { ProtocolError } from '../../../fuse/protocol/protocol-error.ts'
import * as replies from '../../../fuse/protocol/replies.ts'
import { Request } from '../../../fuse/protocol/request.ts'
import { ATTR_BYTES, ENTRY_OUT_BYTES, OUT_HEADER_BYTES } from '../../../fuse/protocol/constants.ts'
import { type ByteString, byteString } from '../../../src/base/byte-string.ts'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { readRequest } from './read-request.ts'

type Vector = Readonly<Record<string, unknown>>

const folder = join(import.meta.dirname, '../../vectors/fuse')
const vectors = readdirSync(folder).map((name) => {
  return { name, vector: JSON.parse(readFileSync(join(folder, name), 'utf8')) as Vector }
})
const named = (prefix: string): typeof vectors => vectors.filter(({ name }) => name.startsWith(prefix))
const bytesOf = (hex: unknown): Uint8Array => fromHex(hex as string)!
const nameOf = (vector: Vector): ByteString => byteString(bytesOf(vector['name']))

describe('the vectors of requests', () => {
  test.each(named('request-').filter(({ vector }) => !('error' in vector)))('$name says what it says', ({ vector }) => {
    expect(readRequest(bytesOf(vector['bytes']))).toEqual({ request: vector['request'], body: vector['body'] })
  })

  test.each(named('request-').filter(({ vector }) => 'error' in vector))('$name is refused', ({ vector }) => {
    const errno = constants.errno[vector['error'] as keyof typeof constants.errno]
    const refused = (): unknown => readRequest(bytesOf(vector['bytes']))
    expect(refused).toThrow(ProtocolError)
    expect(refused).toThrow(expect.objectContaining({ errno }))
  })
})

// Filled with what an earlier reply may have left: every byte of the next one must be written.
const message = new MessageBuffer(new Uint8Array(1024).fill(0xee))
const request = Object.assign(new Request(message), { uniqueLow: 0x5566_7788, uniqueHigh: 0x1122_3344 })

interface EntryInVector {
  readonly attributes: Attributes
  readonly entryValidSeconds: number | string
  readonly attrValidSeconds: number | string
}

/** Encodes a vector's `entry`, whose attributes lie somewhere in a block of many. */
function entryOf(vector: Vector): replies.EntryOut {
  const { attributes, entryValidSeconds, attrValidSeconds, ...entry } = vector['entry'] as EntryInVector &
    Pick<replies.EntryOut, 'nodeId' | 'ino'>
  const block = new MessageBuffer(new Uint8Array(2 * ATTR_BYTES))
  encodeAttributes(block, ATTR_BYTES, attributes)
  return {
    ...entry,
    entryValidSeconds: Number(entryValidSeconds),
    attrValidSeconds: Number(attrValidSeconds),
    attributes: { words: block.words, at: ATTR_BYTES / 4 },
  }
}

function direntOf(vector: Vector): replies.DirentOut {
  const { name, ...dirent } = vector['dirent'] as { name: string } & Pick<replies.DirentOut, 'ino' | 'next' | 'type'>
  const names = bytesOf(`2e2e${name}2e`)
  return { ...dirent, names, nameStart: 2, nameEnd: names.byteLength - 1 }
}

/** How each kind of reply is encoded from what its vector says; returns the length of the body. */
const ENCODERS: Readonly<Record<string, (vector: Vector) => number>> = {
  entry: (vector) => replies.encodeEntry(message, OUT_HEADER_BYTES, entryOf(vector)),
  negativeEntry: (vector) => replies.encodeNegativeEntry(message, vector['validSeconds'] as number),
  attr: (vector) => replies.encodeAttr(message, entryOf(vector)),
  dirent: (vector) => replies.encodeDirent(message, OUT_HEADER_BYTES, direntOf(vector)),
  direntplus: (vector) => {
    replies.encodeEntry(message, OUT_HEADER_BYTES, entryOf(vector))
    return ENTRY_OUT_BYTES + replies.encodeDirent(message, OUT_HEADER_BYTES + ENTRY_OUT_BYTES, direntOf(vector))
  },
  open: ({ handle, flags }) => replies.encodeOpen(message, handle as number, flags as number),
  xattrSize: ({ size }) => replies.encodeXattrSize(message, size as number),
  seek: ({ offset }) => replies.encodeSeek(message, offset as number),
  statfs: ({ size }) => replies.encodeStatfs(message, size as replies.FileSystemSize),
  bytes: (vector) => replies.encodeBytes(message, bytesOf(vector['bytesOf'])),
  init: ({ offer }) => encodeInit(message, negotiate(offer as InitIn, { posixAcl: false })),
}

describe('the vectors of replies', () => {
  test.each(named('reply-'))('$name is what is written', ({ vector }) => {
    const kind = vector['reply'] as string
    const length =
      kind === 'failure'
        ? replies.encodeFailure(message, request, vector['errno'] as number)
        : replies.encodeReply(message, request, ENCODERS[kind]!(vector))
    expect(toHex(message.bytes.subarray(0, length))).toBe(vector['bytes'])
  })

  test('of directory entries take the room that was reckoned', () => {
    for (let bytes = 1; bytes < 300; bytes++) {
      const dirent = { ino: 1, next: 1, type: 4, names: new Uint8Array(bytes).fill(0x61), nameStart: 0, nameEnd: bytes }
      expect(replies.encodeDirent(message, OUT_HEADER_BYTES, dirent)).toBe(replies.direntBytes(bytes))
      expect(replies.direntBytes(bytes) % 8).toBe(0)
    }
  })
})

describe('the vectors of notifications', () => {
  test.each(named('notify-'))('$name is what is written', ({ vector }) => {
    const { node, parent } = vector as Readonly<Record<string, number>>
    const made = {
      node: () => encodeInvalidNode(node!),
      entry: () => encodeInvalidEntry(parent!, nameOf(vector)),
      store: () => storeMessage(vector),
    }
    expect(toHex(made[vector['notification'] as keyof typeof made]())).toBe(vector['bytes'])
  })
})

function storeMessage({ node, offset, data }: Vector): Uint8Array {
  const bytes = Buffer.from(data as string, 'hex')
  const message = new MessageBuffer(new Uint8Array(64))
  message.bytes.fill(255)
  message.bytes.set(bytes, STORE_HEADER_BYTES)
  const place = { node: node as number, offset: offset as number, bytes: bytes.byteLength }
  return message.bytes.subarray(0, encodeStore(message, place))
}
